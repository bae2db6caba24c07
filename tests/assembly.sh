#!/usr/bin/env bash
# Whether a label can reach a branch or an address in the vector kernels, read from a released binary:
#
#     cargo build --release && tests/assembly.sh target/release/hushgate
#
# In these functions labels, Δ, leaves and choice bits are in vector and mask registers only. A branch looks at flags and an address is made of general
# registers, so a secret would have to be moved there: by a move to a general register, a test that sets flags, or a gather. Lists each function with its
# instructions and conditional branches (over counts and slots, which the plan fixes); fails if one of them has such a move, except for the flags that say
# which operands are complemented: they are the plan's, and become a mask again at once. A secret that is read from memory into a general
# register is not found here; `tests/memory.sh` finds it in the portable kernel and AES-NI, of which the others share the text.
set -euo pipefail
objdump --disassemble --demangle --no-show-raw-insn "$1" | awk '
    function report() {
        if (name == "") return
        printf "%-72s %6d instructions %4d branches%s\n", name, n, branches, bad
        functions++
        if (bad != "") failed = 1
    }
    /^[0-9a-f]+ <.*>:$/ {
        report(); name = ""; n = branches = waiting = 0; bad = ""
        if (match($0, /hushgate_runtime::kernel::(aesni|vaes256|vaes512|single|transfer::x86)::.*>/) && $0 !~ /is_available|has_/)
            name = substr($0, RSTART + 26, RLENGTH - 27)
        next
    }
    name != "" && /:\t/ {
        sub(/^[^\t]*\t/, ""); n++
        if ($0 ~ /^j/ && $0 !~ /^jmp/) branches++
        # The complements: moved, times three (a bit for each half of a block), and a mask.
        if (waiting && $0 ~ /^kmov[bwdq] +%[er]/) { bad = substr(bad, 1, length(bad) - length(moved)); waiting = 0 }
        if (waiting) waiting--
        to_general = $0 ~ /^v?mov[dq] +%[xyz]mm[0-9]+,%[er]/ || $0 ~ /^kmov[bwdq] +%k[0-7],%[er]/
        flags = $0 ~ /^(v?ptest |vtestp|k(or)?test|v?u?comis|v?pcmp[ei]str)/
        other = $0 ~ /^v?(p?movmsk|pextr|extractps|p?gather|p?scatter)/
        # A column'"'"'s hash is a number that goes to the other party.
        if (to_general && name ~ /::hash_column$/) next
        if (to_general || flags || other) { moved = "\n    " $0; bad = bad moved; waiting = 3 }
    }
    END {
        report()
        if (functions < 20) { print "assembly.sh: the kernels are not in this binary, or have no names"; exit 1 }
        exit failed
    }'
