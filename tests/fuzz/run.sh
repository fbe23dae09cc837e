#!/usr/bin/env bash
# Fuzzes every target, or those named, one after another, with stable Rust: libFuzzer's own coverage, without sanitizers.
#
#   bash tests/fuzz/run.sh [TARGET…]
#
# RUNS        executions of each target (10000000)
# FUZZ_DIR    where logs, corpora and what was found go (a folder for temporary files)
# MAX_LEN     bytes of an input (2048; of the kernel 100, which is 12 rows)
# RSS_MB      memory above which a target has failed (768)
# TIMEOUT     seconds above which one execution has failed (5)
set -euo pipefail
cd "$(dirname "$0")/targets"

runs="${RUNS:-10000000}"
out="${FUZZ_DIR:-${TMPDIR:-/tmp}/leftcart-fuzz}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$out/target}"
mkdir -p "$out"

RUSTC_WRAPPER="$PWD/../instrumented.sh" cargo build --release --locked

if [ "$#" -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(cd fuzz_targets && ls | sed 's/[.]rs$//'); fi
failed=()
for target in "${targets[@]}"; do
    mkdir -p "$out/corpus/$target" "$out/found/$target"
    max="${MAX_LEN:-2048}"; [ "$target" != kernel ] || max=100
    begun="$(date +%s)"
    if "$CARGO_TARGET_DIR/release/$target" -runs="$runs" -max_len="$max" -rss_limit_mb="${RSS_MB:-768}" \
        -timeout="${TIMEOUT:-5}" -seed=1 -print_final_stats=1 -artifact_prefix="$out/found/$target/" \
        "$out/corpus/$target" "../corpus/$target" $([ ! -d "../regressions/$target" ] || echo "../regressions/$target") \
        >"$out/$target.log" 2>&1; then what=fine; else what=FAILED; failed+=("$target"); fi
    executed="$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log")"
    memory="$(sed -n 's/^stat::peak_rss_mb: *//p' "$out/$target.log")"
    echo "$target: $what, ${executed:-?} executions in $(($(date +%s) - begun)) s, at most ${memory:-?} MB" | tee -a "$out/summary.txt"
done
[ "${#failed[@]}" -eq 0 ] || { echo "see $out/found for: ${failed[*]}"; exit 1; }
