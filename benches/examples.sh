#!/usr/bin/env bash
# The examples at full size, on made-up data: time, bytes and memory. Prints the table of `benches/examples.md`.
#
#     cargo build --release && benches/examples.sh target/release/hushgate > benches/examples.md
#
# Both parties run on this machine, over loopback: `hushgate run`; and the auction once more as it is meant, with sealed shares and two servers.
# Needs GNU time as /usr/bin/time.
set -euo pipefail
hushgate=$(realpath "$1")
only=${2:-.}
root=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HUSHGATE_HOME=$work/home

# A command under GNU time: seconds and peak memory in MB go to $work/figures, errors to $work/errors.
timed() { /usr/bin/time -o "$work/figures" -f '%e %M' "$@" 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }; }
seconds() { cut -d' ' -f1 "$work/figures"; }
megabytes() { awk '{ printf "%d", $2 / 1000 }' "$work/figures"; }
# A number in the JSON document on standard input.
number() { sed 's/.*"'"$1"'":\([0-9.e+-]*\).*/\1/'; }

# An example with these parameters: a row of the table.
row() {
    local name=$1 what=$2 data=$3
    shift 3
    [[ $name =~ $only ]] || return 0
    timed "$hushgate" run "$root/examples/$name/$name.hush" --data "$data" --json "$@" >"$work/out"
    local compile total sent
    compile=$(number compile <"$work/out") total=$(number total <"$work/out")
    sent=$(sed 's/.*"sent_bytes":{\([^}]*\)}.*/\1/' "$work/out" | tr ',' '\n' | awk -F: '{ s += $2 } END { printf "%.2f", s / 1e6 }')
    printf '| `%s` | %s | %s | %.2f | %.2f | %s | %s |\n' "$name" "$what" "$(number and_gates <"$work/out")" \
        "$compile" "$(awk "BEGIN { print $total - $compile }")" "$sent" "$(megabytes)"
}

synth() { "$hushgate" synth "$root/examples/$1/$1.hush" -o "$work/$1" --overwrite -q "${@:2}"; }

echo '# Examples at full size'
echo
echo 'Made by `benches/examples.sh` with a release build; both parties on one machine of '"$(nproc)"' cores, one run each.'
echo
echo '| example | size | AND gates | compile, s | run, s | MB sent by both | peak memory of all, MB |'
echo '|---|---|---|---|---|---|---|'
synth hospital_salaries --set HOSPITALS=12
row hospital_salaries '12 hospitals' "$work/hospital_salaries" --set HOSPITALS=12
row bank_fraud_benchmark '10 banks' "$root/examples/bank_fraud_benchmark"
synth wage_gap --set EMPLOYERS=100
row wage_gap '100 employers' "$work/wage_gap" --set EMPLOYERS=100
synth pairwise_quotes --set PAPERS=1000
row pairwise_quotes '1,000 rows in one run' "$work/pairwise_quotes" --set PAPERS=1000
synth sanctions_screening --set CUSTOMERS=20 --set LISTED=50
row sanctions_screening '20 customers, 50 listed' "$work/sanctions_screening" --set CUSTOMERS=20 --set LISTED=50
row wallet_threshold 'HMAC-SHA-256 of a joint key' "$root/examples/wallet_threshold"
if [[ pairwise_quotes =~ $only ]]; then
    awk 'BEGIN { print "bid"; for (i = 0; i < 1000; i++) print 1000 + i % 37 }' >"$work/bids.csv"
    awk 'BEGIN { print "ask"; for (i = 0; i < 1000; i++) print 990 + i % 41 }' >"$work/asks.csv"
    batch() { "$hushgate" batch "$root/examples/pairwise_quotes/one_quote.hush" --as "$1" --input "$2" -o "$work/$1.csv" "${@:3}" 2>>"$work/$1.errors"; }
    batch buyer "$work/bids.csv" --listen 127.0.0.1:17001 &
    until grep -q waiting "$work/buyer.errors" 2>/dev/null; do sleep 0.1; done
    timed "$hushgate" batch "$root/examples/pairwise_quotes/one_quote.hush" --as seller --input "$work/asks.csv" -o "$work/seller.csv" --connect 127.0.0.1:17001
    wait
    [ "$(wc -l <"$work/seller.csv")" = 1001 ]
    printf '| `pairwise_quotes/one_quote` | 1,000 rows, a run each (`batch`) | %s | | %s | | %s |\n' \
        "$(awk '/^AND gates/ { print $3 $4 }' "$work/errors")" "$(seconds)" "$(megabytes)"
fi
# Sorted lists without doubles, every third number on both.
mkdir "$work/overlap"
awk 'BEGIN { print "id"; for (i = 0; i < 10000; i++) print 6 * i }' >"$work/overlap/bank.csv"
awk 'BEGIN { print "id,cents"; for (i = 0; i < 10000; i++) print 4 * i "," 100 + i }' >"$work/overlap/shop.csv"
row customer_overlap '10,000 rows each' "$work/overlap" --set CLIENTS=10000 --set CUSTOMERS=10000
synth sugar_beet_auction --set BIDDERS=1200 --set LEVELS=40
row sugar_beet_auction '1,200 bidders, 40 levels' "$work/sugar_beet_auction" --set BIDDERS=1200 --set LEVELS=40

[[ sealed =~ $only ]] || exit 0
cd "$work"
HUSHGATE_HOME=a "$hushgate" keygen -q >/dev/null
HUSHGATE_HOME=b "$hushgate" keygen -q >/dev/null
id() { HUSHGATE_HOME=$1 "$hushgate" id --json "${@:2}" | sed 's/.*"fingerprint":"\([^"]*\)".*/\1/'; }
HUSHGATE_HOME=a "$hushgate" peer add server_b "$(id b --out b.pub)" -q
HUSHGATE_HOME=b "$hushgate" peer add server_a "$(id a --out a.pub)" -q
echo
echo '## 1,200 sealed shares, collected and cleared in one run'
echo
echo 'The auction under a proposal, between two processes over TLS. Times are of the whole command.'
echo
echo '| step | time, s | peak memory, MB |'
echo '|---|---|---|'
step() { printf '| %s | %.2f | %s |\n' "$1" "$(seconds)" "$(megabytes)"; }
timed "$hushgate" propose "$root/examples/sugar_beet_auction/sugar_beet_auction.hush" --set BIDDERS=1200 --set LEVELS=40 -o beet.proposal -q >/dev/null
step '`propose`'
HUSHGATE_HOME=a "$hushgate" approve beet.proposal --as server_a -q >/dev/null
HUSHGATE_HOME=b "$hushgate" approve beet.proposal --as server_b -q >/dev/null
share() { timed "$hushgate" share beet.proposal --as "$1" --data sugar_beet_auction --to a.pub --to b.pub -o "$2" -q >/dev/null; }
share 'bidder[7]' one
step '`share`, one bidder'
share 'bidder[*]' shares
step '`share`, 1,200 bidders'
mkdir in_a in_b
mv shares/*.for.server_a.share in_a
mv shares/*.for.server_b.share in_b
join() { /usr/bin/time -o "$1.figures" -f '%e %M' "$hushgate" join beet.proposal --as "server_$1" --peer "server_$2" --shares "in_$1" --json --timeout 600 "${@:3}" >"$1.out" 2>"$1.errors"; }
HUSHGATE_HOME=a join a b --listen 127.0.0.1:17000 &
until grep -q waiting a.errors 2>/dev/null; do sleep 0.2; done
HUSHGATE_HOME=b join b a --connect 127.0.0.1:17000 || { cat a.errors b.errors >&2; exit 1; }
wait
cp a.figures figures && step '`join` as server_a, from reading 1,200 shares to 1,200 masked results'
cp b.figures figures && step '`join` as server_b'
printf '| of these: compile | %.2f | |\n' "$(number compile <b.out)"
printf '| of these: session | %.2f | |\n' "$(number after_handshake <b.out)"
timed "$hushgate" open beet.proposal in_a/bidder_7.from.server_a.result in_b/bidder_7.from.server_b.result --keep shares/bidder_7.keep --json >open.out
step '`open`, one bidder'
echo
echo "Results: $(ls in_a/*.result | wc -l) from each server; bidder 7 learns $(sed 's/.*"bidder\[7\]":\({[^}]*}\).*/\1/' open.out)."
