#!/usr/bin/env bash
# What a night costs as a shop of constant daily volume grows older, phase by phase.
#   benches/nights.sh [DAYS [CARTS_A_DAY [FOLDER]]]        needs a built `leftcart` (LEFTCART names another)
# Every day is a night. Prints a line for each: wall seconds of the phases and megabytes held by the end of the last one before
# the analysis, then what the nights 9 to 11 and the last three cost (medians) without the analysis, and their ratio.
set -euo pipefail
days="${1:-90}"
carts="${2:-1000}"
folder="${3:-$(mktemp -d)}"
leftcart="${LEFTCART:-leftcart}"
[ -d "$folder/logs" ] || "$leftcart" simulate --days "$days" --carts-per-day "$carts" --seed 7 --scenario calm --out "$folder/logs" >/dev/null
rm -rf "$folder/data" "$folder/reports" "$folder/nights.tsv"

night() {
    "$leftcart" run "$1" --data "$folder/data" --reports "$folder/reports" --quiet --timings 2>&1 >/dev/null | awk -v night="$2" '
        /^reading logs/ { reading = $3 }
        /^making carts/ { carts = $3; peak = $NF }
        /^analysing/ { analysing = $2; most = $NF }
        /^publishing/ { publishing = $2 }
        /^writing the report/ { report = $4 }
        END { print night, reading, carts, publishing, report, reading + carts + publishing + report, analysing, peak, most }
    ' OFS='\t' | tee -a "$folder/nights.tsv"
}

printf 'night\treading\tcarts\tpublishing\treport\twithout_analysis\tanalysing\tpeak_mb\tpeak_mb_with_analysis\n'
number=0
for log in "$folder"/logs/*.csv; do
    number=$((number + 1))
    night "$log" "$number"
done

awk -v last="$number" '
    function median(a, n,    i, j, t) {
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
        return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
    }
    { for (column = 2; column <= 9; column++) value[$1, column] = $column }
    END {
        split("reading carts publishing report without_analysis analysing peak_mb peak_mb_with_analysis", names, " ")
        printf "\n%-24s %12s %12s %8s\n", "median of nights", "9 to 11", (last - 2) " to " last, "ratio"
        for (column = 2; column <= 9; column++) {
            for (i = 0; i < 3; i++) { early[i + 1] = value[9 + i, column]; late[i + 1] = value[last - 2 + i, column] }
            e = median(early, 3); l = median(late, 3)
            printf "%-24s %12.3f %12.3f %8.2f\n", names[column - 1], e, l, l / e
        }
    }' "$folder/nights.tsv"
