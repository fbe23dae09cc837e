#!/usr/bin/env bash
# What each night of a shop with a constant daily volume costs: wall and CPU seconds, and peak memory.
#   benches/nights.sh [DAYS [CARTS_A_DAY [FOLDER]]]        needs GNU time and a built `leftcart` (LEFTCART names another)
set -euo pipefail
days="${1:-90}"
carts="${2:-1000}"
folder="${3:-$(mktemp -d)}"
leftcart="${LEFTCART:-leftcart}"
[ -d "$folder/logs" ] || "$leftcart" simulate --days "$days" --carts-per-day "$carts" --seed 7 --scenario calm --out "$folder/logs" >/dev/null
rm -rf "$folder/data" "$folder/reports"
printf 'night\twall_s\tuser_s\tsystem_s\tpeak_kb\n'
night=0
for log in "$folder"/logs/*.csv; do
    night=$((night + 1))
    /usr/bin/time -f "$night\t%e\t%U\t%S\t%M" \
        "$leftcart" run "$log" --data "$folder/data" --reports "$folder/reports" --quiet 2>&1 >/dev/null
done
