"""One engine in a process: loads the events, then answers a question a line on standard input. Started by `questions.py`."""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time
from http.client import HTTPConnection

STREAMFLOW = "streamflow"
COLUMNS = ["type", "source", "severity", "user_id", "session_id"]
TEXTS = ["page", "button_id", "referrer", "user_agent", "ip", "viewport", "language", "method"]
NUMBERS = ["latency_ms", "load_ms", "x", "y"]
DAY = ("2026-09-02 00:00:00", "2026-09-03 00:00:00")
HOUR = ("2026-09-03 10:00:00", "2026-09-03 11:00:00")


def streamflow_words():
    words = {name: f"data.{name}" for name in TEXTS + NUMBERS}
    micros = "CAST(timestamp AS BIGINT)"
    words |= {"us": micros, "us_min": "CAST(min(timestamp) AS BIGINT)", "us_max": "CAST(max(timestamp) AS BIGINT)"}
    words |= {part: f"CAST(date_trunc('{part}', timestamp) AS BIGINT)" for part in ["hour", "minute"]}
    return words | moments(lambda moment: f"TIMESTAMP '{moment.replace(' ', 'T')}Z'")


def duckdb_words():
    words = {name: f"data.{name}" for name in TEXTS + NUMBERS}
    words |= {"us": "epoch_us(timestamp)", "us_min": "epoch_us(min(timestamp))", "us_max": "epoch_us(max(timestamp))"}
    words |= {part: f"epoch_us(date_trunc('{part}', timestamp))" for part in ["hour", "minute"]}
    return words | moments(lambda moment: f"TIMESTAMP '{moment}'")


def sqlite_words():
    words = {name: name for name in TEXTS + NUMBERS}
    words |= {"us": "timestamp", "us_min": "min(timestamp)", "us_max": "max(timestamp)"}
    words |= {"hour": "timestamp / 3600000000 * 3600000000", "minute": "timestamp / 60000000 * 60000000"}
    return words | moments(lambda moment: f"(unixepoch('{moment}') * 1000000)")


def chdb_words():
    words = {name: name for name in TEXTS + NUMBERS}
    micros = "toUnixTimestamp64Micro({})".format
    words |= {"us": micros("timestamp"), "us_min": micros("min(timestamp)"), "us_max": micros("max(timestamp)")}
    words |= {"hour": "toUnixTimestamp(toStartOfHour(timestamp)) * 1000000"}
    words |= {"minute": "toUnixTimestamp(toStartOfMinute(timestamp)) * 1000000"}
    return words | moments(lambda moment: f"toDateTime64('{moment}', 6, 'UTC')")


def moments(spell):
    return {"day_begin": spell(DAY[0]), "day_end": spell(DAY[1]), "hour_begin": spell(HOUR[0]), "hour_end": spell(HOUR[1])}


class StreamFlow:
    """A server on a clean store, all of it sealed, asked over HTTP as any client would."""

    words = streamflow_words()

    def __init__(self, events, folder, program):
        self.program = program
        self.project = folder / f"{events.stem}.project"
        if not self.project.exists():
            self.run("init", self.project, "--template", "empty", cwd=folder)
            self.start()
            self.run("import", events)
            self.run("stop")
        self.start()

    def run(self, *arguments, cwd=None):
        # No other context than the project in the folder may answer.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STREAMFLOW_")}
        done = subprocess.run([self.program, *arguments], cwd=cwd or self.project, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{arguments[0]} failed: {done.stderr}")
        return done.stdout

    def start(self):
        self.run("start", "--detach")
        status = json.loads(self.run("status", "-o", "json"))
        self.pid = find(status, "pid")
        self.connection = HTTPConnection("127.0.0.1", 8002)

    def cpu(self):
        """Returns what all threads have spent, to the nanosecond; threads of the server do not end while it is asked."""
        spent = (task.read_text().split()[0] for task in pathlib.Path(f"/proc/{self.pid}/task").glob("*/schedstat"))
        return sum(map(int, spent)) / 1e9

    def ask(self, sql):
        body = json.dumps({"sql": sql, "max_rows": 100_000}).encode()
        self.connection.request("POST", "/api/v1/query", body, {"Content-Type": "application/json", "Authorization": "Bearer demo"})
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            sys.exit(f"{sql}: {read.decode()}")
        return [list(row.values()) if isinstance(row, dict) else row for row in json.loads(read)["rows"]]

    def close(self):
        self.run("stop")


def find(value, key):
    if isinstance(value, dict):
        return value[key] if key in value else next((found for item in value.values() if (found := find(item, key)) is not None), None)
    if isinstance(value, list):
        return next((found for item in value if (found := find(item, key)) is not None), None)
    return None


class InProcess:
    """An engine inside this process."""

    def cpu(self):
        return time.process_time()

    def close(self):
        pass


class DuckDb(InProcess):
    """DuckDB on a Parquet file of its own making, `data` as a struct with a type for each field."""

    words = duckdb_words()

    def __init__(self, events, folder, _program):
        import duckdb

        self.parquet = folder / f"{events.stem}.parquet"
        self.db = duckdb.connect()
        self.db.execute("SET threads = 2")
        self.db.execute("SET TimeZone = 'UTC'")
        if not self.parquet.exists():
            part = self.parquet.with_suffix(".part")
            self.db.execute(f"COPY ({self.typed(events)} ORDER BY timestamp) TO '{part}' (FORMAT parquet, COMPRESSION zstd)")
            part.rename(self.parquet)
        self.prepare(events, folder)

    def prepare(self, events, folder):
        self.db.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{self.parquet}')")

    @staticmethod
    def typed(events):
        data = ", ".join([f"{name} VARCHAR" for name in TEXTS] + [f"{name} BIGINT" for name in NUMBERS])
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
        columns = f"{{'timestamp': 'TIMESTAMP', {columns}, 'data': 'STRUCT({data})'}}"
        return f"SELECT * FROM read_json('{events}', format = 'newline_delimited', columns = {columns})"

    def ask(self, sql):
        return [list(row) for row in self.db.execute(sql).fetchall()]


class DuckDbNative(DuckDb):
    """DuckDB on its own storage."""

    def prepare(self, events, folder):
        path = folder / f"{events.stem}.duckdb"
        is_new = not path.exists()
        self.db.execute(f"ATTACH '{path}' AS store")
        if is_new:
            self.db.execute(f"CREATE TABLE store.events AS SELECT * FROM read_parquet('{self.parquet}')")
            self.db.execute("CHECKPOINT store")
        self.db.execute("USE store")


class Sqlite(InProcess):
    """SQLite with a column for each field and an index on time and on user."""

    words = sqlite_words()

    def __init__(self, events, folder, _program):
        path = folder / f"{events.stem}.sqlite"
        if not path.exists():
            part = path.with_suffix(".part")
            part.unlink(missing_ok=True)
            self.load(events, part)
            part.rename(path)
        self.db = sqlite3.connect(path)
        self.db.execute("PRAGMA cache_size = -1000000")
        self.db.execute("PRAGMA case_sensitive_like = ON")

    @staticmethod
    def load(events, path):
        import datetime

        db = sqlite3.connect(path)
        names = [*COLUMNS, *TEXTS, *NUMBERS]
        db.execute(f"CREATE TABLE events (timestamp INTEGER, {', '.join(names)})")
        zero = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        micro = datetime.timedelta(microseconds=1)

        def row(line):
            event = json.loads(line)
            moment = datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
            data = event["data"]
            return ((moment - zero) // micro, *(event.get(name) for name in COLUMNS), *(data.get(name) for name in TEXTS + NUMBERS))

        with events.open("rb") as lines:
            db.executemany(f"INSERT INTO events VALUES ({', '.join('?' * (len(names) + 1))})", map(row, lines))
        db.execute("CREATE INDEX by_time ON events (timestamp)")
        db.execute("CREATE INDEX by_user ON events (user_id)")
        db.execute("ANALYZE")
        db.commit()
        db.close()

    def ask(self, sql):
        return [list(row) for row in self.db.execute(sql).fetchall()]


class Chdb(InProcess):
    """ClickHouse inside the process, a column for each field, sorted by time."""

    words = chdb_words()

    def __init__(self, events, folder, _program):
        from chdb.session import Session

        path = folder / f"{events.stem}.chdb"
        is_new = not path.exists()
        self.session = Session(str(path))
        self.session.query("SET max_threads = 2")
        if is_new:
            texts = [f"{name} Nullable(String)" for name in COLUMNS + TEXTS]
            numbers = [f"{name} Nullable(Int64)" for name in NUMBERS]
            self.session.query("CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic")
            self.session.query(
                f"CREATE TABLE bench.events (timestamp DateTime64(6, 'UTC'), {', '.join(texts + numbers)}) ENGINE = MergeTree ORDER BY timestamp"
            )
            names = [f"tupleElement(data, '{name}')" for name in TEXTS + NUMBERS]
            parquet = folder / f"{events.stem}.parquet"
            self.session.query(
                f"INSERT INTO bench.events SELECT timestamp, {', '.join(COLUMNS + names)} FROM file('{parquet}', Parquet)"
            )
        self.session.query("USE bench")

    def ask(self, sql):
        answer = self.session.query(sql + " SETTINGS max_threads = 2, use_query_cache = 0", "JSONCompactEachRow")
        return [[number(cell) for cell in json.loads(line)] for line in str(answer).splitlines() if line]

    def close(self):
        self.session.close()


def number(cell):
    """ClickHouse writes 64-bit integers as strings."""
    return int(cell) if isinstance(cell, str) and cell.lstrip("-").isdigit() else cell


PEERS = {"duckdb-parquet": DuckDb, "duckdb-native": DuckDbNative, "sqlite": Sqlite, "chdb": Chdb}


def main():
    name, events, folder, program = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
    out = os.fdopen(os.dup(1), "w")
    # What an engine prints on its own is no answer.
    os.dup2(2, 1)
    engine = {STREAMFLOW: StreamFlow, **PEERS}[name](events, folder, program)
    print(json.dumps({"ready": name}), file=out, flush=True)
    try:
        for line in sys.stdin:
            sql = json.loads(line)["sql"].format_map(engine.words)
            began, cpu = time.perf_counter(), engine.cpu()
            rows = engine.ask(sql)
            answer = {"seconds": time.perf_counter() - began, "cpu_seconds": engine.cpu() - cpu, "rows": rows}
            print(json.dumps(answer, default=str), file=out, flush=True)
    finally:
        engine.close()


if __name__ == "__main__":
    main()
