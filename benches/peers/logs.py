"""A seeded CSV in the shape of REES46's data set: `logs.py ROWS FILE [--seed N]`.

31 days from 1 October 2019, in order of time, 14 rows a person, as in the data set's own October. Every seventh visit is
one in which things are put into carts, taken out and bought; products come back from one visit of a person to the next, so
that carts are bought days later, too. No row comes twice: leftcart looks for repeated rows, its peers here do not.
"""

import argparse

import numpy as np
import polars as pl

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
START = np.datetime64("2019-10-01T00:00:00", "s").astype("int64")
DAYS, DAY = 31, 86_400
PRODUCTS, CATEGORIES, BRANDS = 60_000, 140, 3_000
KINDS = ["view", "cart", "remove_from_cart", "purchase"]
BROWSING = np.array([0.995, 0.003, 0.000, 0.002]).cumsum()
SHOPPING = np.array([0.45, 0.33, 0.07, 0.15]).cumsum()


def catalogue(dice: np.random.Generator) -> pl.DataFrame:
    """Products with their category, brand (both with gaps) and price in cents."""
    category = dice.integers(0, CATEGORIES, PRODUCTS)
    brand = dice.integers(0, BRANDS, PRODUCTS)
    codes = [
        None if dice.random() < 0.3 else f"{top}.{middle}.{leaf}"
        for top, middle, leaf in (
            (f"department{number % 13}", f"aisle{number % 41}", f"shelf{number}") for number in range(CATEGORIES)
        )
    ]
    return pl.DataFrame(
        {
            "category_id": 2_053_013_555_631_882_655 + category * 1_000_003,
            "category_code": pl.Series([codes[number] for number in category], dtype=pl.String),
            "brand": pl.Series([None if number % 7 == 0 else f"brand{number}" for number in brand], dtype=pl.String),
            "cents": np.exp(dice.normal(9.2, 1.1, PRODUCTS)).astype("int64") + 77,
        }
    )


def uuids(dice: np.random.Generator, count: int) -> pl.Series:
    """Random UUIDs of version 4."""
    digits = np.frombuffer(dice.bytes(16 * count).hex().encode(), dtype="S32").astype("U32")
    text = pl.Series("hex", digits)
    part = lambda start, length: pl.col("hex").str.slice(start, length)
    uuid = pl.concat_str(
        part(0, 8), pl.lit("-"), part(8, 4), pl.lit("-4"), part(13, 3), pl.lit("-a"), part(17, 3), pl.lit("-"), part(20, 12)
    )
    return text.to_frame().select(uuid.alias("user_session"))["user_session"]


def day(dice: np.random.Generator, number: int, rows: int, persons: int, products: pl.DataFrame) -> pl.DataFrame:
    """The rows of a day, in order of time."""
    visits = rows // 4 + 64
    is_shopping = dice.random(visits) < 1 / 7
    length = dice.geometric(np.where(is_shopping, 1 / 8, 1 / 4.2))
    person = (persons * dice.random(visits) ** 1.6).astype("int64")
    favourite = (person * 2_654_435_761 + (person >> 3)) % PRODUCTS
    product = np.where(dice.random(visits) < 0.5, favourite, (PRODUCTS * dice.random(visits) ** 2).astype("int64"))
    # Fewer by night; no visit goes on past midnight.
    begin = ((DAY - 7_200) * dice.beta(2.2, 1.7, visits)).astype("int64")

    visit = np.repeat(np.arange(visits), length)
    place = np.arange(len(visit)) - np.repeat(length.cumsum() - length, length)
    gaps = dice.integers(1, 70, len(visit))
    gaps[place == 0] = 0
    since = gaps.cumsum()
    since -= np.repeat(since[place == 0], length)
    second = np.minimum(begin[visit] + since, DAY - 1)
    roll = dice.random(len(visit))
    kind = np.where(is_shopping[visit], np.searchsorted(SHOPPING, roll), np.searchsorted(BROWSING, roll))
    other = (PRODUCTS * dice.random(len(visit)) ** 2).astype("int64")
    wanted = np.where(dice.random(len(visit)) < 0.65, product[visit], other)

    frame = pl.DataFrame(
        {"second": second, "visit": visit, "place": place, "kind": kind, "product": wanted, "person": person[visit]}
    )
    # A visit that would go on past midnight is cut there, and so no second of it comes twice.
    frame = frame.filter(pl.col("second") < DAY - 1).sort("second", "visit", "place").head(rows)
    sessions = uuids(dice, visits)
    goods = products[frame["product"]]
    # Prices move a little from week to week.
    cents = goods["cents"] * (100, 97, 103, 95, 100)[number // 7] // 100
    return pl.DataFrame(
        {
            "event_time": pl.Series(START + number * DAY + frame["second"].to_numpy()),
            "event_type": pl.Series(KINDS)[frame["kind"]],
            "product_id": 1_000_000 + frame["product"],
            "category_id": goods["category_id"],
            "category_code": goods["category_code"],
            "brand": goods["brand"],
            "price": cents,
            "user_id": 512_000_000 + frame["person"],
            "user_session": sessions[frame["visit"]],
        }
    ).with_columns(
        pl.from_epoch("event_time", "s").dt.strftime("%Y-%m-%d %H:%M:%S UTC"),
        price=pl.format("{}.{}", pl.col("price") // 100, (pl.col("price") % 100).cast(pl.String).str.zfill(2)),
    )


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("rows", type=int)
    args.add_argument("file")
    args.add_argument("--seed", type=int, default=7)
    args = args.parse_args()
    products = catalogue(np.random.default_rng([args.seed, 0]))
    persons = max(args.rows // 14, 10)
    written = 0
    with open(args.file, "wb") as file:
        file.write(HEADER.encode())
        for number in range(DAYS):
            wanted = args.rows * (number + 1) // DAYS - written
            rows = day(np.random.default_rng([args.seed, 1, number]), number, wanted, persons, products)
            assert len(rows) == wanted, f"day {number} has {len(rows)} rows, not {wanted}"
            rows.write_csv(file, include_header=False)
            written += wanted


main()
