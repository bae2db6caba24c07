#!/usr/bin/env bash
# The runtime's tests on a CPU that has none of the features which kernels ask for: the first x86-64, as QEMU's user mode emulates it (`apt-get install
# qemu-user`). There the portable kernel is the only one, and AES, BLAKE3 and elliptic curves are in software, too. Then both parties of an example.
#
#     tests/old_cpu.sh [NAME...]          the tests that have one of these in their names
set -euo pipefail
cd "$(dirname "$0")/.."
cpu=(qemu-x86_64 -cpu qemu64)
binary=$(cargo test --release -p hushgate-runtime --lib --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
"${cpu[@]}" "$binary" "${@:-kernel::}" garble:: ot::
cargo build --release
"${cpu[@]}" target/release/hushgate run examples/millionaires --json
