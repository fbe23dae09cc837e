"""Carts from a REES46-shaped CSV with chDB: `with_chdb.py ingest|carts|all FOLDER [LOG]`. See README.md one folder up."""

import os
import sys
from decimal import Decimal

from chdb import session
from told import Clock, told

# Columns of the log. The reader of moments that takes anything takes " UTC", too.
COLUMNS = (
    "event_time DateTime(''UTC''), event_type LowCardinality(String), product_id Int32, category_id Int64,"
    " category_code Nullable(String), brand Nullable(String), price Decimal(12, 2), user_id Int32, user_session String"
)


def ingest(db: session.Session, log: str, events: str) -> None:
    db.query(f"""
        INSERT INTO FUNCTION file('{events}', 'Parquet')
        SELECT * FROM file('{log}', 'CSVWithNames', '{COLUMNS}')
        SETTINGS date_time_input_format = 'best_effort', output_format_parquet_compression_method = 'zstd',
                 output_format_compression_level = 1, engine_file_truncate_on_insert = 1
    """)


def carts(db: session.Session, events: str) -> dict:
    as_of = str(db.query(f"SELECT toUnixTimestamp(max(event_time)) FROM file('{events}', 'Parquet')", "TSV")).strip()
    # A person's steps in order of time; of one second in the order of the funnel. A cart ends with a purchase, or with
    # more than 30 days of silence. Purchases at most half an hour apart, with nothing between them, are one order.
    db.query("CREATE DATABASE IF NOT EXISTS shop ENGINE = Atomic")
    db.query(f"""
        CREATE TABLE shop.steps ENGINE = Memory AS
        WITH steps AS (
            SELECT user_id, toInt64(toUnixTimestamp(event_time)) AS ts, product_id, price, user_session,
                   transform(event_type, ['cart', 'remove_from_cart'], [0, 1], 2) AS step
            FROM file('{events}', 'Parquet') WHERE event_type != 'view'
        ), followed AS (
            SELECT *, row_number() OVER person AS place, lagInFrame(step) OVER person AS step_before,
                   ts - lagInFrame(ts, 1, ts) OVER person AS pause
            FROM steps
            WINDOW person AS (PARTITION BY user_id ORDER BY ts, step, product_id, user_session
                              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        SELECT *, sum(step_before = 2 OR pause > 30 * 86400) OVER person AS part,
               sum(NOT (step = 2 AND step_before = 2 AND pause <= 1800)) OVER person AS purchase
        FROM followed
        WINDOW person AS (PARTITION BY user_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    """)
    db.query(f"""
        CREATE TABLE shop.carts ENGINE = Memory AS
        SELECT user_id, part, minIf(ts, step = 0) AS opened_at, maxIf(ts, step = 2) AS bought_at,
               intDiv(opened_at, 86400) AS day, bought_at > 0 AS is_bought,
               multiIf(is_bought AND bought_at <= opened_at + 3 * 86400, 'purchased',
                       opened_at + 3 * 86400 <= {as_of}, 'abandoned', 'pending') AS outcome
        FROM shop.steps GROUP BY user_id, part HAVING countIf(step = 0) > 0
    """)
    # What lay in it when its three days were over: a removal takes off one, never below none, so that pieces are the
    # sum since the sum was lowest; each at the last price that was seen.
    db.query("""
        CREATE TABLE shop.worth ENGINE = Memory AS
        WITH pieces AS (
            SELECT user_id, part, product_id, price, place, if(step = 0, 1, -1) AS change,
                   sum(change) OVER (PARTITION BY user_id, part, product_id ORDER BY place
                                     ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS pieces
            FROM shop.steps JOIN shop.carts USING (user_id, part)
            WHERE step < 2 AND ts BETWEEN opened_at AND opened_at + 3 * 86400
        ), lines AS (
            SELECT user_id, part, (sum(change) - least(0, min(pieces))) * argMax(price, place) AS line
            FROM pieces GROUP BY user_id, part, product_id
        )
        SELECT user_id, part, sum(line) AS worth FROM lines GROUP BY user_id, part
    """)
    # Tenths of those who had bought before the day on which the cart was opened, by what they had spent. A product
    # counts once in an order.
    db.query("""
        CREATE TABLE shop.spent ENGINE = Memory AS
        WITH lines AS (
            SELECT user_id, purchase, product_id, min(ts) AS bought_at, argMin(price, place) AS price
            FROM shop.steps WHERE step = 2 GROUP BY user_id, purchase, product_id
        ), orders AS (
            SELECT user_id, intDiv(min(bought_at), 86400) AS day, sum(price) AS spent
            FROM lines GROUP BY user_id, purchase
        )
        SELECT user_id, day, sum(orders.spent) AS spent FROM orders GROUP BY user_id, day
    """)
    segments = db.query(
        """
        WITH standing AS (
            SELECT days.day AS day, user_id, sum(spent) AS spent
            FROM (SELECT DISTINCT day FROM shop.carts) AS days CROSS JOIN shop.spent AS before
            WHERE before.day < days.day GROUP BY days.day, user_id
        ), ranked AS (
            SELECT day, user_id, 1 + intDiv(10 * (row_number() OVER ranking - 1), count() OVER (PARTITION BY day)) AS tenth
            FROM standing WINDOW ranking AS (PARTITION BY day ORDER BY spent DESC, user_id)
        )
        SELECT if(tenth = 0, 'new', 'd' || toString(tenth)) AS segment, count(), countIf(outcome = 'abandoned'),
               sumIf(worth, outcome = 'abandoned'), sumIf(worth, outcome = 'abandoned' AND is_bought)
        FROM shop.carts AS carts JOIN shop.worth AS worth USING (user_id, part)
        LEFT JOIN ranked ON ranked.user_id = carts.user_id AND ranked.day = carts.day
        GROUP BY segment
        """,
        "TSV",
    )
    lines = [line.split("\t") for line in str(segments).splitlines()]
    return {name: (int(carts), int(left), Decimal(gross), Decimal(back)) for name, carts, left, gross, back in lines}


def main() -> None:
    what, folder, *log = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    events, clock = os.path.abspath(f"{folder}/events.parquet"), Clock()
    db = session.Session()
    if what in ("ingest", "all"):
        ingest(db, os.path.abspath(log[0]), events)
        clock.phase("ingest")
    if what in ("carts", "all"):
        segments = carts(db, events)
        clock.phase("carts")
        told(segments)


main()
