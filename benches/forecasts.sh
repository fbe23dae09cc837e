#!/usr/bin/env bash
# What forecasts cost in a large shop: the pages of one night with all its models made anew, and with those that were kept.
#   benches/forecasts.sh [CARTS [FOLDER]]        needs GNU time and a built `leftcart` (LEFTCART names another)
# CARTS over 88 days, each asked for at five ages. Fails where the first takes a minute of processor time on each of two cores,
# or a gigabyte.
set -euo pipefail
carts="${1:-200000}"
folder="${2:-$(mktemp -d)}"
leftcart="${LEFTCART:-leftcart}"
[ -d "$folder/logs" ] || "$leftcart" simulate --days 88 --carts-per-day "$((carts / 88))" --seed 7 --scenario calm --out "$folder/logs" >/dev/null
[ -d "$folder/data" ] || "$leftcart" run "$folder/logs" --data "$folder/data" --reports "$folder/reports" --quiet >/dev/null
pages() {
    /usr/bin/time -o "$folder/cost" -f '%e %U %S %M' "$leftcart" report --data "$folder/data" --reports "$folder/pages" >/dev/null
    read -r wall user system peak <"$folder/cost"
    printf '%s\twall %s s\tuser %s s\tsystem %s s\tpeak %s kB\n' "$1" "$wall" "$user" "$system" "$peak"
}
pages 'with the models kept'
mv "$folder/data/current/state/models" "$folder/models"
trap 'mv "$folder/models" "$folder/data/current/state/models"' EXIT
pages 'with all models made'
awk -v work="$user" -v kernel="$system" -v peak="$peak" 'BEGIN { exit !(work + kernel < 120 && peak < 1000000) }' ||
    { echo 'more than was allowed' >&2; exit 1; }
