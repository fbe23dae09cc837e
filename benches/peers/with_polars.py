"""Carts from a REES46-shaped CSV with polars: `with_polars.py ingest|carts|all FOLDER [LOG]`. See README.md one folder up."""

import os
import sys
from datetime import timedelta
from decimal import Decimal

import polars as pl
from told import Clock, told

KINDS = pl.Enum(["cart", "remove_from_cart", "purchase", "view"])
WINDOW, EXPIRY, SAME_ORDER = timedelta(days=3), timedelta(days=30), timedelta(minutes=30)


def ingest(log: str, events: str) -> None:
    schema = {
        "event_time": pl.String,
        "event_type": KINDS,
        "product_id": pl.Int32,
        "category_id": pl.Int64,
        "category_code": pl.String,
        "brand": pl.String,
        "price": pl.Float64,
        "user_id": pl.Int32,
        "user_session": pl.String,
    }
    time = pl.col("event_time").str.to_datetime("%Y-%m-%d %H:%M:%S UTC", time_unit="us")
    logs = pl.scan_csv(log, schema=schema).with_columns(time)
    logs.sink_parquet(events, compression="zstd", compression_level=1)


def carts(events: str) -> dict:
    as_of = pl.scan_parquet(events).select(pl.col("event_time").max()).collect().item()
    # A person's steps in order of time; of one second in the order of the funnel, which is that of the kinds.
    steps = (
        pl.scan_parquet(events)
        .filter(pl.col("event_type") != "view")
        .select(
            "user_id",
            "product_id",
            "user_session",
            ts="event_time",
            step=pl.col("event_type").to_physical(),
            cents=(pl.col("price") * 100).round().cast(pl.Int64),
        )
        .sort("user_id", "ts", "step", "product_id", "user_session")
        .drop("user_session")
        .collect(engine="streaming")
        .lazy()
    )
    is_same = pl.col("user_id") == pl.col("user_id").shift()
    pause, was_bought = pl.col("ts").diff(), pl.col("step").shift() == 2
    # A cart ends with a purchase, or with more than 30 days of silence. Purchases at most half an hour apart, with
    # nothing between them, are one order.
    goes_on = is_same & ~was_bought & (pause <= EXPIRY)
    is_same_order = is_same & was_bought & (pl.col("step") == 2) & (pause <= SAME_ORDER)
    steps = steps.with_columns(
        part=(~goes_on).fill_null(True).cum_sum(), purchase=(~is_same_order).fill_null(True).cum_sum()
    ).collect()

    is_added, is_bought = pl.col("step") == 0, pl.col("step") == 2
    parts = (
        steps.lazy()
        .group_by("part")
        .agg(
            pl.col("user_id").first(),
            opened_at=pl.col("ts").filter(is_added).min(),
            bought_at=pl.col("ts").filter(is_bought).max(),
        )
        .filter(pl.col("opened_at").is_not_null())
    )
    closes_at = pl.col("opened_at") + WINDOW
    parts = parts.with_columns(
        day=pl.col("opened_at").dt.date(),
        outcome=pl.when(pl.col("bought_at") <= closes_at)
        .then(pl.lit("purchased"))
        .when(closes_at <= as_of)
        .then(pl.lit("abandoned"))
        .otherwise(pl.lit("pending")),
    ).collect()

    # What lay in it when its three days were over: a removal takes off one, never below none, so that pieces are the
    # sum since the sum was lowest; each at the last price that was seen.
    change = pl.when(is_added).then(1).otherwise(-1)
    lowest = pl.col("change").cum_sum().min()
    worth = (
        steps.lazy()
        .filter(~is_bought)
        .join(parts.lazy().select("part", "opened_at"), on="part", maintain_order="left")
        .filter(pl.col("ts").is_between(pl.col("opened_at"), pl.col("opened_at") + WINDOW))
        .with_columns(change=change)
        .group_by("part", "product_id")
        .agg(pieces=pl.col("change").sum() - pl.min_horizontal(lowest, 0), cents=pl.col("cents").last())
        .group_by("part")
        .agg(worth=(pl.col("pieces") * pl.col("cents")).sum())
    )
    # Tenths of those who had bought before the day on which the cart was opened, by what they had spent. A product
    # counts once in an order.
    spent = (
        steps.lazy()
        .filter(is_bought)
        .group_by("purchase", "product_id")
        .agg(pl.col("user_id").first(), pl.col("ts").min(), pl.col("cents").first())
        .group_by("purchase")
        .agg(pl.col("user_id").first(), pl.col("cents").sum(), bought_on=pl.col("ts").min().dt.date())
        .group_by("user_id", "bought_on")
        .agg(pl.col("cents").sum())
    )
    days = parts.lazy().select(pl.col("day").unique())
    place = pl.int_range(pl.len()).over("day")
    ranked = (
        days.join_where(spent, pl.col("bought_on") < pl.col("day"))
        .group_by("day", "user_id")
        .agg(pl.col("cents").sum())
        .sort("day", "cents", "user_id", descending=[False, True, False])
        .select("day", "user_id", segment=pl.format("d{}", 1 + 10 * place // pl.len().over("day")))
    )
    is_left = pl.col("outcome") == "abandoned"
    segments = (
        parts.lazy()
        .join(worth, on="part")
        .join(ranked, on=["day", "user_id"], how="left")
        .group_by(pl.col("segment").fill_null("new"))
        .agg(
            pl.len(),
            left=is_left.sum(),
            gross=(pl.col("worth") * is_left).sum(),
            back=(pl.col("worth") * (is_left & pl.col("bought_at").is_not_null())).sum(),
        )
        .collect()
    )
    return {name: (carts, left, *(Decimal(cents) / 100 for cents in money)) for name, carts, left, *money in segments.rows()}


def main() -> None:
    what, folder, *log = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    events, clock = f"{folder}/events.parquet", Clock()
    if what in ("ingest", "all"):
        ingest(log[0], events)
        clock.phase("ingest")
    if what in ("carts", "all"):
        segments = carts(events)
        clock.phase("carts")
        told(segments)


main()
