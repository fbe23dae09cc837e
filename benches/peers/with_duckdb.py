"""Carts from a REES46-shaped CSV with DuckDB: `with_duckdb.py ingest|carts|all FOLDER [LOG]`. See README.md one folder up."""

import os
import sys

import duckdb
from told import Clock, told


def ingest(db: duckdb.DuckDBPyConnection, log: str, events: str) -> None:
    db.execute(f"""
        COPY (
            SELECT * FROM read_csv('{log}', header = true, timestampformat = '%Y-%m-%d %H:%M:%S UTC', columns = {{
                'event_time': 'TIMESTAMP', 'event_type': 'VARCHAR', 'product_id': 'INTEGER', 'category_id': 'BIGINT',
                'category_code': 'VARCHAR', 'brand': 'VARCHAR', 'price': 'DECIMAL(12, 2)', 'user_id': 'INTEGER',
                'user_session': 'VARCHAR'
            }})
        ) TO '{events}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """)


def carts(db: duckdb.DuckDBPyConnection, events: str) -> dict:
    as_of = db.execute(f"SELECT max(event_time) FROM '{events}'").fetchone()[0]
    # A person's steps in order of time; of one second in the order of the funnel.
    db.execute(f"""
        CREATE TABLE steps AS
        WITH steps AS (
            SELECT user_id, event_time AS ts, product_id, price, user_session,
                   CASE event_type WHEN 'cart' THEN 0 WHEN 'remove_from_cart' THEN 1 ELSE 2 END AS step
            FROM '{events}' WHERE event_type <> 'view'
        ), followed AS (
            SELECT *, row_number() OVER person AS place, lag(step) OVER person AS step_before,
                   ts - lag(ts) OVER person AS pause
            FROM steps WINDOW person AS (PARTITION BY user_id ORDER BY ts, step, product_id, user_session)
        )
        SELECT *,
               -- A cart ends with a purchase, or with more than 30 days of silence.
               sum(CASE WHEN step_before = 2 OR pause > INTERVAL 30 DAY THEN 1 ELSE 0 END) OVER person AS part,
               -- Purchases at most half an hour apart, with nothing between them, are one order.
               sum(CASE WHEN step = 2 AND step_before = 2 AND pause <= INTERVAL 30 MINUTE THEN 0 ELSE 1 END)
                   OVER person AS purchase
        FROM followed WINDOW person AS (PARTITION BY user_id ORDER BY place ROWS UNBOUNDED PRECEDING)
    """)
    db.execute(f"""
        CREATE TABLE carts AS
        SELECT user_id, part, opened_at, bought_at,
               CASE WHEN bought_at <= opened_at + INTERVAL 3 DAY THEN 'purchased'
                    WHEN opened_at + INTERVAL 3 DAY <= TIMESTAMP '{as_of}' THEN 'abandoned' ELSE 'pending' END AS outcome
        FROM (SELECT user_id, part, min(ts) FILTER (WHERE step = 0) AS opened_at, max(ts) FILTER (WHERE step = 2) AS bought_at
              FROM steps GROUP BY user_id, part)
        WHERE opened_at IS NOT NULL
    """)
    # What lay in it when its three days were over: a removal takes off one, never below none, so that pieces are the
    # sum since the sum was lowest; each at the last price that was seen.
    db.execute("""
        CREATE TABLE worth AS
        WITH pieces AS (
            SELECT user_id, part, product_id, price, place, CASE step WHEN 0 THEN 1 ELSE -1 END AS change,
                   sum(change) OVER (PARTITION BY user_id, part, product_id ORDER BY place) AS pieces
            FROM steps JOIN carts USING (user_id, part)
            WHERE step < 2 AND ts BETWEEN opened_at AND opened_at + INTERVAL 3 DAY
        ), lines AS (
            SELECT user_id, part, (sum(change) - least(0, min(pieces))) * arg_max(price, place) AS worth
            FROM pieces GROUP BY user_id, part, product_id
        )
        SELECT user_id, part, sum(worth) AS worth FROM lines GROUP BY user_id, part
    """)
    # Tenths of those who had bought before the day on which the cart was opened, by what they had spent. A product
    # counts once in an order.
    db.execute("""
        CREATE TABLE spent AS
        WITH lines AS (
            SELECT user_id, purchase, product_id, min(ts) AS ts, arg_min(price, place) AS price
            FROM steps WHERE step = 2 GROUP BY user_id, purchase, product_id
        ), orders AS (SELECT user_id, min(ts)::DATE AS day, sum(price) AS spent FROM lines GROUP BY user_id, purchase)
        SELECT user_id, day, sum(spent) AS spent FROM orders GROUP BY user_id, day
    """)
    segments = db.execute("""
        WITH standing AS (
            SELECT days.day, user_id, sum(spent) AS spent
            FROM (SELECT DISTINCT opened_at::DATE AS day FROM carts) days JOIN spent ON spent.day < days.day
            GROUP BY days.day, user_id
        ), ranked AS (
            SELECT day, user_id, 'd' || (1 + (10 * (row_number() OVER ranking - 1)) // count(*) OVER (PARTITION BY day)) AS segment
            FROM standing WINDOW ranking AS (PARTITION BY day ORDER BY spent DESC, user_id)
        )
        SELECT coalesce(segment, 'new') AS segment, count(*) AS carts,
               count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
               coalesce(sum(worth) FILTER (WHERE outcome = 'abandoned'), 0) AS gross,
               coalesce(sum(worth) FILTER (WHERE outcome = 'abandoned' AND bought_at IS NOT NULL), 0) AS recovered
        FROM carts JOIN worth USING (user_id, part)
        LEFT JOIN ranked ON ranked.user_id = carts.user_id AND ranked.day = carts.opened_at::DATE
        GROUP BY 1
    """).fetchall()
    return {segment: tuple(numbers) for segment, *numbers in segments}


def main() -> None:
    what, folder, *log = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    events, clock = f"{folder}/events.parquet", Clock()
    db = duckdb.connect(config={"temp_directory": f"{folder}/spilled", "preserve_insertion_order": False})
    if what in ("ingest", "all"):
        ingest(db, log[0], events)
        clock.phase("ingest")
    if what in ("carts", "all"):
        segments = carts(db, events)
        clock.phase("carts")
        told(segments)


main()
