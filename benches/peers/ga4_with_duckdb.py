"""GA4's export as JSON lines into typed Parquet with DuckDB, an item a row: `ga4_with_duckdb.py FOLDER LOGS`."""

import json
import os
import sys

import duckdb

COLUMNS = {
    "event_timestamp": "BIGINT",
    "event_name": "VARCHAR",
    "event_params": "STRUCT(key VARCHAR, value STRUCT(string_value VARCHAR, int_value VARCHAR, double_value VARCHAR))[]",
    "user_id": "VARCHAR",
    "user_pseudo_id": "VARCHAR",
    "stream_id": "VARCHAR",
    "device": "STRUCT(category VARCHAR, operating_system VARCHAR, web_info STRUCT(browser VARCHAR))",
    "geo": "STRUCT(country VARCHAR)",
    "traffic_source": "STRUCT(medium VARCHAR, source VARCHAR)",
    "ecommerce": "STRUCT(purchase_revenue DECIMAL(18, 4), refund_value DECIMAL(18, 4), transaction_id VARCHAR)",
    "items": "STRUCT(item_id VARCHAR, item_name VARCHAR, item_brand VARCHAR, item_category VARCHAR,"
    " price DECIMAL(18, 4), quantity INTEGER, coupon VARCHAR)[]",
}


def main() -> None:
    folder, logs = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    events = f"{folder}/events.parquet"
    db = duckdb.connect(config={"temp_directory": f"{folder}/spilled", "preserve_insertion_order": False})
    db.execute(f"""
        COPY (
            WITH events AS (
                SELECT *, map_from_entries(list_transform(event_params, lambda param: (param.key, coalesce(
                    param.value.string_value, param.value.int_value, param.value.double_value)))) AS params
                FROM read_ndjson('{logs}', columns = {COLUMNS})
            ), lines AS (
                SELECT *, unnest(CASE WHEN len(items) > 0 THEN items ELSE [NULL] END) AS item FROM events
            )
            SELECT make_timestamp(event_timestamp) AS ts, event_name AS kind, user_pseudo_id AS visitor_id,
                   user_id AS customer_id,
                   concat_ws('.', stream_id, user_pseudo_id, params['ga_session_id']) AS session_id,
                   coalesce(ecommerce.transaction_id, params['transaction_id']) AS order_id,
                   item.item_id AS product_id, item.item_name AS product_name, item.item_brand AS brand,
                   item.item_category AS category, item.price AS unit_price, item.quantity AS quantity,
                   coalesce(ecommerce.purchase_revenue, ecommerce.refund_value) AS order_value,
                   params['currency'] AS currency, device.category AS device, device.operating_system AS os,
                   device.web_info.browser AS browser, geo.country AS country,
                   coalesce(params['source'], traffic_source.source) AS source,
                   coalesce(params['medium'], traffic_source.medium) AS medium,
                   params['page_location'] AS page, params['release'] AS release,
                   params['payment_type'] AS payment_method, params['shipping_tier'] AS shipping_method,
                   coalesce(params['coupon'], item.coupon) AS coupon, params['error_code'] AS error_code,
                   params['error_message'] AS error_message, params['http_status']::USMALLINT AS http_status,
                   params['latency_ms']::UINTEGER AS latency_ms, params['rating']::FLOAT AS rating,
                   params['comment'] AS comment
            FROM lines
        ) TO '{events}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """)
    # For the comparison of results only: from the footer and two columns.
    rows, priced = db.execute(
        f"SELECT count(*), coalesce(sum(unit_price * quantity), 0)::DECIMAL(38, 2) FROM '{events}'"
    ).fetchone()
    print(json.dumps({"rows": rows, "priced": str(priced)}))


main()
