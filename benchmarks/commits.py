"""What a flush costs after thousands of them, beside plain appends by delta-rs.

Run as ``python -m benchmarks.commits [COMMITS] [--alone]``. Each commit is a
group of trades that is journalled and flushed: files and log synced, read
back, now and then summed up and merged. The peer does none of it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.timing import machine, median_seconds
from perfkit.records import TradeRecord, to_table
from perfkit.store import TradeStore
from perfkit.store.compaction import compact

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = ["main"]

ROWS = 300
SPAN = 200  # commits at the beginning and at the end that are compared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", type=int, nargs="?", default=2_000)
    parser.add_argument("--alone", action="store_true", help="without the peer, which slows down")
    words = parser.parse_args()
    commits = words.commits
    print(f"machine: {machine()}, load {os.getloadavg()[0]:.1f}")
    print(f"{commits:,} commits of {ROWS} trades; milliseconds a commit")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with TradeStore(root / "ours") as store:
            _report("perfkit", _times(commits, _flush(store)), root / "ours" / "trades")
        if not words.alone:
            plain = str(root / "plain")
            _report("delta-rs", _times(commits, _append(plain)), Path(plain))
        _reads(root)


def _group(number: int) -> pa.Table:
    """Give trades of one minute each: a month is full after 149 groups."""
    begin = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number * ROWS)
    one = TradeRecord(
        trade_id="T",
        account_id="acc_1",
        strategy_id="trend",
        execution_time=begin,
        symbol="SPY",
        side="buy",
        price=100.0,
        volume=1.0,
        commission=0.1,
    )
    rows = pa.concat_tables([to_table([one], TradeRecord)] * ROWS).combine_chunks()
    numbers = np.arange(number * ROWS, (number + 1) * ROWS)
    start = np.datetime64(begin.replace(tzinfo=None), "us")
    times = start + np.arange(ROWS) * np.timedelta64(60_000_000, "us")
    columns = {
        "trade_id": pa.array([f"T{n}" for n in numbers]),
        "strategy_id": pa.array([f"s{n % 10}" for n in numbers]),
        "price": pa.array(100 + numbers % 977 / 100),
        "execution_time": pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
    }
    for name, values in columns.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(name), values)
    return rows


def _flush(store: TradeStore) -> Callable[[pa.Table], None]:
    def act(rows: pa.Table) -> None:
        store.append("trades", rows)
        store.flush()

    return act


def _append(uri: str) -> Callable[[pa.Table], None]:
    return lambda rows: write_deltalake(uri, rows, mode="append")


def _times(commits: int, act: Callable[[pa.Table], None]) -> npt.NDArray[np.float64]:
    """Give milliseconds by the clock and of the processor, of shape (commits, 2)."""
    taken = np.empty((commits, 2))
    for number in range(commits):
        rows = _group(number)
        clock, processor = time.perf_counter(), time.process_time()
        act(rows)
        taken[number] = time.perf_counter() - clock, time.process_time() - processor
    return taken * 1e3


def _report(who: str, taken: npt.NDArray[np.float64], table: Path) -> None:
    span = min(SPAN, len(taken) // 2)
    total = taken.sum(axis=0) / 1e3
    print(f"\n{who}: {total[0]:,.0f} s, {total[1]:,.0f} s of processor time")
    print(f"  {'':<12}{'median':>9}{'p95':>9}{'processor':>11}")
    ends = []
    for when, part in (("first", taken[:span]), ("last", taken[-span:])):
        clock, processor = part[:, 0], part[:, 1]
        ends.append((np.median(clock), np.percentile(clock, 95), processor.mean()))
        print("  {:<6}{:>5} {:>9.1f}{:>9.1f}{:>11.1f}".format(when, span, *ends[-1]))
    ratios = [last / first for first, last in zip(*ends, strict=True)]
    print(f"  last / first{ratios[0]:>9.2f}{ratios[1]:>9.2f}{ratios[2]:>11.2f}")
    log, live = table / "_delta_log", DeltaTable(table).file_uris()
    print(f"  log   {len(list(log.iterdir())):>6,} files {_megabytes(log):>8.1f} MB")
    print(
        f"  table {len(live):>6,} files live, {_megabytes(table) - _megabytes(log):.1f} MB in all"
    )


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _reads(root: Path) -> None:
    """Ask for one strategy's trades of a month: of small files, and of the same merged."""
    uri = root / "reads"
    with TradeStore(uri) as store:
        act = _flush(store)
        for number in range(100):  # as many as may collect, all of January
            act(_group(number))
    strategy = pl.col("strategy_id") == "s3"
    print(f"\nread {100 * ROWS:,} trades: one strategy, all; milliseconds")
    for what in ("100 small files", "merged"):
        ms = [
            median_seconds(lambda w=where: TradeStore(uri).read(where=w), runs=11) * 1e3
            for where in (strategy, None)
        ]
        print(f"  {what:<16} {ms[0]:>8.1f} {ms[1]:>8.1f}")
        compact(uri)


if __name__ == "__main__":
    main()
