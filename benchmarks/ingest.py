"""Ingest: fills offered one by one and in batches, until each receipt is durable.

The whole path counts: checks, known ids, books, market context, labels, journal and
its fsync, while a process of its own moves the journal into Delta tables. Beside it,
in the same run and on the same disk, what one would write without perfkit: a Delta
append a batch (which is not durable), and a row of SQLite a trade.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from benchmarks.timing import machine
from perfkit.records import Bar, Fill, to_table
from perfkit.tracker import Recorder, TradeTracker

BEGIN = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
SYMBOLS = [f"S{n}" for n in range(50)]
ROW = "  {:<44} {:>10} {:>9} {:>9} {:>9} {:>8}"


def fills(count: int, start: int) -> list[Fill]:
    """Make fills of 20 strategies in 5 accounts over 50 symbols, a tenth of a millisecond apart."""
    rng = np.random.default_rng(start)
    sides = np.where(rng.random(count) < 0.5, "buy", "sell").tolist()
    prices, volumes = (50 + rng.random(count)).tolist(), rng.integers(1, 100, count).tolist()
    return [
        Fill(
            trade_id=f"t{start + n}",
            account_id=f"a{n % 5}",
            strategy_id=f"s{n % 4}",
            execution_time=BEGIN + timedelta(microseconds=100 * (start + n)),
            symbol=SYMBOLS[(start + 7 * n) % 50],
            side=sides[n],
            price=prices[n],
            volume=volumes[n],
            commission=0.1,
        )
        for n in range(count)
    ]


def prepare(folder: Path) -> None:
    """Make a history with a year of daily bars."""
    rng = np.random.default_rng(0)
    bars = [
        Bar(symbol=name, close_time=BEGIN - timedelta(days=300 - n), close=50 + rng.random())
        for n in range(300)
        for name in SYMBOLS
    ]
    with TradeTracker(folder) as tracker:
        tracker.record_bars(bars)
        tracker.record_many(fills(1_000, 0))  # compiles


@contextmanager
def flusher(folder: Path):
    """Let a process of its own move the journal into the tables."""
    command = [sys.executable, "-m", "perfkit", "flush", str(folder), "--follow", "--every", "0.5"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def offer(recorder: Recorder, offered: list[Fill], rate: int) -> np.ndarray:
    """Offer fills one by one at a rate; give the seconds until each receipt."""
    count = len(offered)
    asked, answered = np.zeros(count), np.zeros(count)
    left = threading.Semaphore(0)

    def done(place: int):
        def note(_: object) -> None:
            answered[place] = time.perf_counter()
            if place == count - 1:
                left.release()

        return note

    begin = time.perf_counter()
    for place, fill in enumerate(offered):
        due = begin + place / rate
        while (now := time.perf_counter()) < due:
            time.sleep(max(due - now, 0.0005))
        asked[place] = due  # a late offer waits too
        recorder.submit(fill).add_done_callback(done(place))
    left.acquire()
    return answered - asked


def one_by_one(folder: Path, rate: int, seconds: int) -> tuple[float, ...]:
    """Offered rate: p50, p99 in ms, rate held, cores, and rows that wait at the end."""
    offered = fills(rate * seconds, 1_000_000)
    with TradeTracker(folder) as tracker, Recorder(tracker, capacity=len(offered)) as recorder:
        gc.collect()
        gc.freeze()
        cpu, begin = time.process_time(), time.perf_counter()
        waits = offer(recorder, offered, rate)
        wall = time.perf_counter() - begin
        cores = (time.process_time() - cpu) / wall
        backlog = tracker.store.backlog().rows
    p50, p99 = np.percentile(waits, [50, 99]) * 1e3
    return p50, p99, len(offered) / wall, cores, backlog


def in_groups(folder: Path, rate: int, size: int, seconds: int) -> tuple[float, ...]:
    """Offer tables at a rate: as `one_by_one`; the rows that wait, halfway and at the end."""
    tables = [
        to_table(fills(size, 1_000_000 + n * size), Fill) for n in range(rate * seconds // size)
    ]
    waits, waiting = [], []
    with TradeTracker(folder) as tracker:
        cpu, begin = time.process_time(), time.perf_counter()
        for place, table in enumerate(tables):
            due = begin + place * size / rate
            while (now := time.perf_counter()) < due:
                time.sleep(due - now)
            assert tracker.record_many(table).accepted == size
            waits.append(time.perf_counter() - due)
            if place % (rate // size) == 0:
                waiting.append(tracker.store.backlog().rows)
        wall = time.perf_counter() - begin
        cores = (time.process_time() - cpu) / wall
    half = len(waiting) // 2
    p50, p99 = np.percentile(waits, [50, 99]) * 1e3
    held = size * len(tables) / wall
    return p50, p99, held, cores, max(waiting[:half]), max(waiting[half:])


def batches(folder: Path, size: int, count: int) -> float:
    """Fills a second in batches of a size, as Arrow tables."""
    tables = [to_table(fills(size, 10_000_000 + n * size), Fill) for n in range(count)]
    with TradeTracker(folder) as tracker:
        begin = time.perf_counter()
        for table in tables:
            assert tracker.record_many(table).accepted == size
        return size * count / (time.perf_counter() - begin)


def delta_append(folder: Path, size: int, count: int) -> float:
    """The same batches appended to a Delta table: rows a second, not durable."""
    tables = [to_table(fills(size, n * size), Fill) for n in range(count)]
    begin = time.perf_counter()
    for table in tables:
        write_deltalake(folder, table, mode="append")
    return size * count / (time.perf_counter() - begin)


def sqlite_rows(path: Path, size: int, count: int) -> float:
    """The same batches as rows of SQLite, each batch synced: rows a second."""
    tables = [to_table(fills(size, n * size), Fill) for n in range(count)]
    rows = [
        list(zip(*(c.cast(pa.string()).to_pylist() for c in t.columns), strict=True))
        for t in tables
    ]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"CREATE TABLE fills ({', '.join(tables[0].column_names)})")
        marks = ", ".join("?" * len(tables[0].column_names))
        begin = time.perf_counter()
        for part in rows:
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO fills VALUES ({marks})", part)
            connection.execute("COMMIT")
        return size * count / (time.perf_counter() - begin)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to be measured")
    wanted = parser.parse_args()
    load = ", ".join(f"{number:.2f}" for number in os.getloadavg())
    print(f"machine: {machine()}; load average {load} before")
    print(ROW.format("offered one by one, whole path, durable", "held /s", "p50 ms", "p99 ms",
                     "cores", "waiting"))  # fmt: skip
    for rate, seconds in ((1_000, 10), (10_000, wanted.seconds)):
        found = []
        for _ in range(wanted.runs):
            with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
                folder = Path(name)
                prepare(folder)
                with flusher(folder):
                    found.append(one_by_one(folder, rate, seconds))
        p50, p99, held, cores, backlog = (statistics.median(c) for c in zip(*found, strict=True))
        print(ROW.format(f"{rate:,}/s for {seconds} s", f"{held:,.0f}", f"{p50:.1f}", f"{p99:.1f}",
                         f"{cores:.2f}", f"{backlog:,.0f}"), flush=True)  # fmt: skip
    print_groups(wanted.runs, wanted.folder)
    print_batches(wanted.runs, wanted.folder)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"  CPU of this process {usage.ru_utime + usage.ru_stime:,.0f} s; "
          f"load average {os.getloadavg()[0]:.2f} after")  # fmt: skip


def print_groups(runs: int, place: Path | None) -> None:
    """Print what waits for the tables at 30,000 rows a second, in the first and second half."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=place) as name:
            folder = Path(name)
            prepare(folder)
            with flusher(folder):
                found.append(in_groups(folder, 30_000, 1_000, 30))
    p50, p99, held, cores, first, second = (statistics.median(c) for c in zip(*found, strict=True))
    print(ROW.format("30,000/s for 30 s, in groups of 1,000", f"{held:,.0f}", f"{p50:.1f}",
                     f"{p99:.1f}", f"{cores:.2f}", f"{second:,.0f}"))  # fmt: skip
    print(
        f"    most rows that waited for the tables: first half {first:,.0f}, second {second:,.0f}"
    )


def print_batches(runs: int, place: Path | None) -> None:
    """Print rows a second of perfkit and its peers, at two sizes of a batch."""
    print()
    print(ROW.format("in batches, rows/s", "perfkit", "Delta", "SQLite", "x Delta", "x SQLite"))
    for size, count in ((100, 100), (10_000, 20)):
        speeds = []
        for _ in range(runs):
            with tempfile.TemporaryDirectory(dir=place) as name:
                folder = Path(name)
                prepare(folder / "history")
                speeds.append(
                    (
                        batches(folder / "history", size, count),
                        delta_append(folder / "delta", size, min(count, 50)),
                        sqlite_rows(folder / "rows.sqlite", size, count),
                    )
                )
        own, delta, rows = (statistics.median(column) for column in zip(*speeds, strict=True))
        ratios = f"{own / delta:.1f}x", f"{own / rows:.1f}x"
        speeds_shown = (f"{speed:,.0f}" for speed in (own, delta, rows))
        print(ROW.format(f"of {size:,}", *speeds_shown, *ratios), flush=True)


if __name__ == "__main__":
    main()
