"""Runs queries with DuckDB: reads a JSON list of SQL texts from the file named, prints a JSON list of their answers.

An answer is a list of rows, a row a list of cells; a cell is null, {"float": number} or text as SQL prints it.
"""

import json
import sys

import duckdb


def cell(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"float": value}
    return str(value)


connection = duckdb.connect()
# Nothing may depend on where the reader sits.
connection.execute("set TimeZone = 'Asia/Tokyo'")
with open(sys.argv[1], encoding="utf-8") as queries:
    answers = [[[cell(value) for value in row] for row in connection.execute(sql).fetchall()] for sql in json.load(queries)]
json.dump(answers, sys.stdout)
