"""What every script here says, in one form: results on standard output, phases on standard error."""

import json
import sys
import time
from decimal import Decimal


class Clock:
    """Tells how long each phase took."""

    def __init__(self) -> None:
        self.since = time.perf_counter()

    def phase(self, name: str) -> None:
        now = time.perf_counter()
        print(f"{name}: {now - self.since:.2f} s", file=sys.stderr)
        self.since = now


def told(segments: dict) -> None:
    """Prints, by segment, carts, abandoned carts, and what these lost and had back later, to the cent."""
    cents = lambda amount: str(Decimal(amount).quantize(Decimal("0.01")))
    lines = {name: [carts, abandoned, cents(gross), cents(back)] for name, (carts, abandoned, gross, back) in segments.items()}
    columns = list(zip(*segments.values()))
    everybody = [sum(columns[0]), sum(columns[1]), cents(sum(columns[2])), cents(sum(columns[3]))]
    print(json.dumps({"all": everybody, **dict(sorted(lines.items()))}))
