#!/usr/bin/env bash
# Stands in for rustc (RUSTC_WRAPPER) while targets are built: what bytes run through is instrumented, and nothing else, so
# that libFuzzer does not look through the counters of all of Arrow after each execution.
set -euo pipefail
name=""; for ((at = 1; at < $#; at++)); do [ "${!at}" != --crate-name ] || { next=$((at + 1)); name="${!next}"; break; }; done
case "$name" in
    ingest | carts | events | settings | serde_json | csv | toml | toml_parser | serde_path_to_error | form_urlencoded)
        exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
            -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table ;;
    *) exec "$@" ;;
esac
