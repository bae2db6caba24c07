#!/usr/bin/env bash
# The runtime's tests under tools that watch every access to memory. Without an argument, whatever of these is installed:
#
#     tests/memory.sh asan          all tests of the runtime under AddressSanitizer, with every kernel of this CPU
#     tests/memory.sh valgrind      kernels, executor and OT extension under memcheck, as they are released
#     tests/memory.sh soft          the same, AES in software instead of the CPU's instructions
#
# valgrind knows no AVX-512 and no vector AES, so there the kernels are the portable one and AES-NI. In some tests labels, Δ and choice bits count as
# not initialised, so that memcheck also reports each branch and each address that depends on one (`kernel::secrecy`); one test makes such a branch, and
# must be reported. A report of either tool is exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."

# Flags for the compiler beside those of `.cargo/config.toml`, which RUSTFLAGS would replace.
flags() { echo "target.x86_64-unknown-linux-gnu.rustflags=[$1]"; }

asan() {
    RUSTC_BOOTSTRAP=1 cargo test --quiet --config "$(flags "'-Zsanitizer=address'")" --target x86_64-unknown-linux-gnu \
        --target-dir target/asan -p hushgate-runtime --lib
}

# Runs under memcheck what cargo builds with these arguments.
memcheck() {
    local binary control=kernel::tests::a_branch_on_a_secret
    binary=$(cargo test --release -p hushgate-runtime --lib --no-run --message-format=json "$@" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
    local watch=(valgrind --quiet --leak-check=no --error-exitcode=1 "$binary" --test-threads=1)
    "${watch[@]}" kernel:: garble::tests::garbled garble::tests::a_batch --skip "$control"
    if "${watch[@]}" "$control" >/dev/null 2>&1; then
        echo "memory.sh: memcheck has not reported a branch on a secret" >&2
        exit 1
    fi
}

soft() {
    memcheck --config "$(flags "'--cfg', 'aes_backend=\"soft\"'")" --target-dir target/soft
}

if [ $# = 0 ]; then
    set -- asan
    if command -v valgrind >/dev/null; then set -- asan valgrind soft; fi
fi
for tool in "$@"; do
    case $tool in
        asan) asan ;;
        valgrind) memcheck ;;
        soft) soft ;;
        *) echo "memory.sh: expected asan, valgrind or soft, not $tool" >&2; exit 2 ;;
    esac
    echo "memory.sh: $tool: no report"
done
