"""leftcart beside polars, DuckDB and chDB, on the same logs: `run.py LOG FOLDER [--runs 5] [--what all|ingest|carts]`.

With `--ga4`, LOG is a glob of GA4's export as JSON lines and the only peer is DuckDB. Every tool is a process of its own;
a first round of runs makes the tables, and nothing is timed unless all results are the same. After that, tools take turns.
Times are those of whole processes, as /usr/bin/time tells them; the table has medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def commands(args: argparse.Namespace) -> dict[str, list[str]]:
    """What to call for each tool."""
    folder = lambda tool: os.path.join(args.folder, tool)
    script = lambda name: [sys.executable, os.path.join(HERE, name)]
    if args.ga4:
        return {
            "leftcart": [args.leftcart, "ga4", folder("leftcart"), args.log],
            "DuckDB": [*script("ga4_with_duckdb.py"), folder("duckdb"), args.log],
        }
    tools = {"leftcart": [args.leftcart], **{tool: script(f"with_{tool}.py") for tool in ("polars", "duckdb", "chdb")}}
    log = [args.log] if args.what != "carts" else []
    return {tool: [*start, args.what, folder(tool), *log] for tool, start in tools.items() if tool not in args.without}


def run(command: list[str], warm: str) -> tuple[str, tuple[float, float, float], str]:
    """Standard output; seconds, processor seconds and megabytes of memory; standard error."""
    for name in subprocess.run(["sh", "-c", f"ls -d {warm}"], capture_output=True, text=True).stdout.split():
        subprocess.run(["cat", name], stdout=subprocess.DEVNULL, check=True)
    done = subprocess.run(["/usr/bin/time", "-f", "%e %U %S %M", *command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stderr}")
    *said, usage = done.stderr.strip().splitlines()
    wall, user, system, kilobytes = map(float, usage.split())
    return done.stdout.strip(), (wall, user + system, kilobytes / 1_000), "; ".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("folder")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--what", choices=["all", "ingest", "carts"], default="all")
    parser.add_argument("--ga4", action="store_true")
    parser.add_argument("--leftcart", default="target/release/examples/peer", help="the example `peer` of benches")
    parser.add_argument("--without", nargs="*", default=[], help="tools to leave out")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    tools = commands(args)
    results, used = {}, {tool: [] for tool in tools}
    for number in range(args.runs + 1):
        for tool, command in tools.items():
            result, usage, said = run(command, args.log)
            if result:
                results[tool] = json.loads(result)
            if number > 0:
                used[tool].append(usage)
            print(f"{'check' if number == 0 else number}: {tool}: {usage[0]:.2f} s ({said})", file=sys.stderr, flush=True)
        if number == 0:
            if any(result != results["leftcart"] for result in results.values()):
                sys.exit("results differ:\n" + "\n".join(f"{tool}: {json.dumps(found)}" for tool, found in results.items()))
            print(f"all say {json.dumps(results.get('leftcart', {}))[:200]}", file=sys.stderr)
    print("| tool | wall | processor | peak memory |\n| --- | --- | --- | --- |")
    for tool, usages in used.items():
        wall, processor, memory = (statistics.median(column) for column in zip(*usages))
        print(f"| {tool} | {wall:.2f} s | {processor:.2f} s | {memory:.0f} MB |")


main()
