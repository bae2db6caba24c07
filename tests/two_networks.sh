#!/usr/bin/env bash
# The whole walk of two organisations in two network namespaces that only one cable joins: propose, inspect, approve, doctor, join, receipt,
# log; then what goes wrong when the cable is cut or a firewall drops. Needs root and iproute2.
#
#     tests/two_networks.sh target/release/hushgate
set -euo pipefail
hushgate=$(realpath "$1")
example=$(realpath "$(dirname "$0")/../examples/fraud_rates")
work=$(mktemp -d)
names=("hg-a-$$" "hg-b-$$")

clean() {
    for name in "${names[@]}"; do ip netns del "$name" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clean EXIT

for name in "${names[@]}"; do ip netns add "$name"; done
ip link add "va$$" netns "${names[0]}" type veth peer name "vb$$" netns "${names[1]}"
address=10.77.0
for i in 0 1; do
    device=$([ $i = 0 ] && echo "va$$" || echo "vb$$")
    ip -n "${names[$i]}" addr add "$address.$((i + 1))/24" dev "$device"
    ip -n "${names[$i]}" link set "$device" up
    ip -n "${names[$i]}" link set lo up
done

# Organisation 0 or 1, in its own folder, home and network.
at() {
    local who=$1
    shift
    (cd "$work/$who" && HUSHGATE_HOME="$work/$who/home" ip netns exec "${names[$who]}" "$hushgate" "$@")
}

# The command must end with this exit code and say this.
fails() {
    local code=$1 says=$2 found=0
    shift 2
    "$@" >"$work/out" 2>&1 || found=$?
    [ "$found" = "$code" ] && grep -q "$says" "$work/out" && return
    echo "expected exit code $code and \"$says\"; found $found:" >&2
    cat "$work/out" >&2
    exit 1
}

fingerprint() { at "$1" id --json | sed 's/.*"fingerprint":"\([^"]*\)".*/\1/'; }

mkdir "$work/0" "$work/1"
at 0 keygen -q >/dev/null
at 1 keygen -q >/dev/null
at 0 peer add bank_b "$(fingerprint 1)" --require-approval
at 1 peer add bank_a "$(fingerprint 0)" --require-approval
cp "$example/fraud_rates.hush" "$example/bank_a.json" "$work/0"
cp "$example/bank_b.json" "$work/1"

at 0 propose fraud_rates.hush --runs 2 -q >/dev/null
cp "$work/0/fraud_rates.proposal" "$work/1"
at 1 inspect fraud_rates.proposal | grep -q "at most 2 times in all"
at 1 inspect fraud_rates.proposal --html page.html -q
at 0 approve fraud_rates.proposal --as bank_a -q >/dev/null
at 1 approve fraud_rates.proposal --as bank_b -q >/dev/null

fails 5 "nobody listens" at 1 doctor --connect "$address.1:7000"

join() { at 0 join fraud_rates.proposal --as bank_a --input bank_a.json --peer bank_b --listen "$address.1:7000" -o result.json -q "$@"; }
connect() { at 1 join fraud_rates.proposal --as bank_b --input bank_b.json --peer bank_a --connect "$address.1:7000" -o result.json -q "$@"; }

join & first=$!
connect
wait $first
for who in 0 1; do
    grep -q '"bank_[ab]":true' "$work/$who/result.json"
    at $who receipt verify "$(at $who receipt list | cut -d' ' -f1)" >/dev/null
    at $who log verify >/dev/null
done

# Packets vanish: neither an answer nor a refusal.
ip -n "${names[1]}" route add blackhole 10.77.0.1/32
fails 5 "" at 1 doctor --connect "$address.1:7000"
ip -n "${names[1]}" route del blackhole 10.77.0.1/32
ip -n "${names[0]}" link set "va$$" down
fails 5 "" connect --timeout 2
ip -n "${names[0]}" link set "va$$" up

# The rules still hold: the second run of two, and no third.
join & first=$!
connect
wait $first
join 2>"$work/refused" & first=$!
fails 7 "2 are allowed" connect
wait $first && exit 1
grep -q "release rule" "$work/refused"
echo "the whole walk, in two networks: good"
