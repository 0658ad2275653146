"""Periods: what a history of millions of trades costs to measure, from cold and from stored rows.

In each account one fill was busted later.

The peer is what one would write without perfkit: the fills read with polars and followed
with pandas, by account, strategy and symbol, into a daily P&L, and the same headline by
pandas. It follows positions by running sums alone: no round trips, no corrections, splits or
currencies, no check of what is on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import Transaction

from benchmarks.timing import machine
from perfkit.records import Bar, CashKind, CashRecord, TradeRecord, conform, from_table, to_table
from perfkit.store import TABLES, TradeStore
from perfkit.store.data_file import data_files
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.location import open_location

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = 1_000_000  # trades of an account
STRATEGIES, SYMBOLS, MONTHS = 5, 20, 24
OF_PEER = 10_000_000  # trades; with five times as many it needs more than 10 GB
FIRST = np.datetime64("2023-01", "M")
ROW = "  {:<58} {:>10} {:>8} {:>10}"

COLD = """
import hashlib, json, sys, time
from pathlib import Path
from perfkit.history import History
from perfkit.history.period_plan import Question, plan
from perfkit.history.period_reading import period_rows
from perfkit.store import TradeStore
if __name__ == "__main__":
    history = History(sys.argv[1])
    begin = time.perf_counter()
    table = history.metrics(["account", "strategy"], scheduler=json.loads(sys.argv[2]))
    seconds = time.perf_counter() - begin
    peak = next(int(line.split()[1]) / 1024 for line in
                Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    rows = period_rows(TradeStore(sys.argv[1]), Question(history.desk)).table
    digest = hashlib.sha256()
    for name in rows.column_names:
        digest.update(repr(rows[name].to_pandas().to_numpy().tolist()).encode())
    print(json.dumps([seconds, peak, int(table["trade_count"].sum()), digest.hexdigest()]))
"""
STORED = """
import json, sys, time
from perfkit.history import History
history, account, times = History(sys.argv[1]), sys.argv[2], []
for _ in range(8):
    begin = time.perf_counter()
    history.metrics("account", account=account)
    times.append(time.perf_counter() - begin)
print(json.dumps([times[0], sorted(times[1:])[3]]))
"""
GROWN = """
import json, sys, time
from perfkit.history import History
from perfkit.records import TradeRecord, from_table, to_table
from perfkit.store import TradeStore
from dataclasses import replace
import polars as pl
history, account, times = History(sys.argv[1]), sys.argv[2], []
history.metrics("account", account=account)
with TradeStore(sys.argv[1]) as store:
    is_own = (pl.col("account_id") == account) & (pl.col("strategy_id") == "s0")
    of_january = pl.col("execution_time") < pl.datetime(2023, 2, 1, time_zone="UTC")
    table = store.read("trades", where=is_own & of_january).slice(0, 1)
    (fill,) = from_table(table, TradeRecord)
    for number in range(4):
        late = replace(fill, trade_id=f"late-{number}", sequence=None)
        store.append("trades", to_table([late], TradeRecord))
        begin = time.perf_counter()
        history = History(sys.argv[1])
        history.metrics("account", account=account)
        times.append(time.perf_counter() - begin)
print(json.dumps(sorted(times)[1]))
"""
PEER = """
import glob, json, sys, time
from pathlib import Path
import numpy as np, pandas as pd, polars as pl
begin = time.perf_counter()
files = sorted(glob.glob(sys.argv[1] + "/trades/month=*/*.parquet"))
columns = ["account_id", "strategy_id", "symbol", "execution_time", "side", "price", "volume",
           "commission"]
frame = pl.scan_parquet(files, glob=False, hive_partitioning=False).select(columns).collect()
frame = frame.to_pandas()
book = ["account_id", "strategy_id", "symbol"]
frame[book] = frame[book].astype("category")
frame["day"] = frame["execution_time"].dt.floor("D")
frame["units"] = frame["volume"].where(frame["side"] == "buy", -frame["volume"])
frame["cash"] = -frame["units"] * frame["price"] - frame["commission"]
days = frame.groupby([*book, "day"], observed=True).agg(
    units=("units", "sum"), cash=("cash", "sum"), price=("price", "last")).reset_index()
groups = days.groupby(book, observed=True)
days["value"] = groups["units"].cumsum() * days["price"]
days["pnl"] = groups["value"].diff().fillna(days["value"]) + days["cash"]
daily = days.groupby(["account_id", "strategy_id", "day"], observed=True)["pnl"].sum()
found = {}
for owner, pnl in daily.groupby(level=[0, 1], observed=True):
    nav = 1e9 + pnl.cumsum()
    returns = pnl / (nav - pnl)
    wealth = (1 + returns).cumprod()
    found[owner] = (wealth.iloc[-1] - 1, returns.std() * 252**0.5,
        returns.mean() / returns.std() * 252**0.5, (1 - wealth / wealth.cummax()).max())
seconds = time.perf_counter() - begin
peak = next(int(line.split()[1]) / 1024 for line in
            Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([seconds, peak]))
"""


def made(folder: Path, trades: int) -> None:
    """Make a history of months in sorted files, as compaction leaves it."""
    rng = np.random.default_rng(0)
    accounts = [f"a{n:03}" for n in range(max(trades // ACCOUNT, 1))]
    days = (FIRST + MONTHS).astype("M8[D]") - FIRST.astype("M8[D]")
    closes = 100 * np.exp(rng.normal(0, 0.01, (int(days.astype(int)), SYMBOLS)).cumsum(axis=0))
    opened = datetime.fromisoformat(f"{FIRST}-01").replace(tzinfo=UTC)
    with TradeStore(folder) as store:
        store.append("bars", to_table(list(_bars(closes, opened)), Bar))
        store.append("cash", to_table(list(_deposits(accounts, opened)), CashRecord))
    tables, layout = DeltaTables(open_location(folder)), TABLES["trades"]
    first, files = tables.last_sequence() + 1, []
    held = np.zeros(len(accounts) * STRATEGIES * SYMBOLS, np.int64)  # by each book
    for month in range(MONTHS):
        bounds = (FIRST + np.arange(month, month + 2)).astype("M8[us]").astype(np.int64)
        start, end = (trades * n // MONTHS for n in (month, month + 1))
        times = np.sort(rng.integers(*bounds, end - start))
        rows = _fills(rng, accounts, closes, times, (start, first), held)
        for file in data_files(rows.select(layout.numbered_schema.names), layout):
            tables.location.put(f"{layout.name}/{file.path}", file.data)
            files.append(file)
        if month == 0:
            own = (pc.equal(rows["account_id"], name) for name in accounts)
            busted = pa.concat_tables(rows.filter(is_own).slice(0, 1) for is_own in own)
    tables.commit(layout, files, Transaction("benchmark", 1))
    with TradeStore(folder) as store:
        store.append("trades", to_table(list(_busts(busted)), TradeRecord))


def _busts(fills: pa.Table) -> Iterator[TradeRecord]:
    for fill in from_table(fills, TradeRecord):
        name = f"{fill.trade_id}-x"
        told: dict[str, Any] = {"record_type": "bust", "original_trade_id": fill.trade_id}
        yield replace(fill, trade_id=name, sequence=None, **told)


def _bars(closes: Any, opened: datetime) -> Any:
    for day, prices in enumerate(closes):
        closed = opened + timedelta(days=day, hours=21)
        if closed.weekday() < 5:
            for number, price in enumerate(prices.tolist()):
                yield Bar(symbol=f"S{number}", close_time=closed, close=price)


def _deposits(accounts: list[str], opened: datetime) -> Any:
    for account in accounts:
        for number in range(STRATEGIES):
            yield CashRecord(
                cash_id=f"{account}-{number}",
                account_id=account,
                strategy_id=f"s{number}",
                execution_time=opened,
                kind=CashKind.DEPOSIT,
                amount=1e9,
            )


def _fills(
    rng: Any, accounts: list[str], closes: Any, times: Any, numbers: tuple[int, int], held: Any
) -> pa.Table:
    """Fills around the day's close; every other one of a book closes the one before it."""
    count, (start, first) = len(times), numbers
    account, strategy, symbol = (
        rng.integers(0, n, count) for n in (len(accounts), STRATEGIES, SYMBOLS)
    )
    day = (times - int(FIRST.astype("M8[us]").astype(np.int64))) // 86_400_000_000
    book = (account * STRATEGIES + strategy) * SYMBOLS + symbol
    order = np.argsort(book, kind="stable")
    starts = np.flatnonzero(np.diff(book[order], prepend=-1))
    place = np.arange(count) - np.repeat(starts, np.diff(starts, append=count))
    is_sell = np.empty(count, np.bool_)
    is_sell[order] = (place + held[book[order]]) % 2 == 1
    held += np.bincount(book, minlength=len(held))

    def words(codes: Any, names: list[str]) -> pa.Array:
        indices = pa.array(codes.astype(np.int32))
        return pa.DictionaryArray.from_arrays(indices, pa.array(names)).cast(pa.string())

    columns = {
        "trade_id": pa.array([f"t{number}" for number in range(start, start + count)]),
        "account_id": words(account, accounts),
        "strategy_id": words(strategy, [f"s{n}" for n in range(STRATEGIES)]),
        "execution_time": pa.array(times, pa.timestamp("us", "UTC")),
        "symbol": words(symbol, [f"S{n}" for n in range(SYMBOLS)]),
        "side": words(is_sell, ["buy", "sell"]),
        "price": pa.array(np.round(closes[day, symbol] * (1 + rng.normal(0, 0.002, count)), 4)),
        "volume": pa.array(np.full(count, 10.0)),
        "commission": pa.array(np.full(count, 0.5)),
        "sequence": pa.array(np.arange(count) + start + first),
    }
    return conform(pa.table(columns), TradeRecord)


def asked(code: str, *arguments: str) -> Any:
    """Run code in a process of its own; give what it prints."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:  # Dask imports it again
        script.write(code)
        script.flush()
        command = [sys.executable, script.name, *arguments]
        # with compiled modules, as everywhere; some containers forbid Python to write them
        kept = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=kept)
    return json.loads(run.stdout.splitlines()[-1])


def _forget(folder: Path) -> None:
    for file in (folder / "periods").rglob("*.*"):
        file.unlink()


def show(folder: Path, trades: int) -> None:
    """Print the table of one size."""
    print(f"\n{trades:,} trades")
    print(ROW.format("what", "seconds", "MB", "perfkit is"))
    own, peak, trips, digest = asked(COLD, str(folder), "null")
    print(
        ROW.format("metrics of every strategy, cold, in process", f"{own:.2f}", f"{peak:,.0f}", "")
    )
    first, warm = asked(STORED, str(folder), "a000")
    _forget(folder)
    dask, _, _, other = asked(COLD, str(folder), '"dask"')
    what = (
        f"the same on Dask, its start included: {'the same' if digest == other else 'OTHER'} bits"
    )
    print(ROW.format(what, f"{dask:.2f}", "", f"{dask / own:.1f} x"))
    what = f"headline of one account of {min(trades, ACCOUNT):,} trades, stored"
    print(ROW.format(what, f"{warm:.4f}", "", ""))
    print(ROW.format("the same, first of a process", f"{first:.4f}", "", ""))
    grown = asked(GROWN, str(folder), "a000")
    print(ROW.format("the same, after a late fill of one strategy", f"{grown:.4f}", "", ""))
    if trades <= OF_PEER:
        peer, of_peer = asked(PEER, str(folder))
        what = "polars + pandas: daily P&L and four metrics, against cold"
        print(ROW.format(what, f"{peer:.2f}", f"{of_peer:,.0f}", f"{peer / own:.1f} x"))
        print(ROW.format("the same, against stored", "", "", f"{peer / warm:,.0f} x"))
    print(f"  {trips:,} round trips")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to be measured")
    wanted = parser.parse_args()
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        made(Path(name), 1_000)
        asked(COLD, name, "null")  # compiles
    for trades in wanted.trades:
        with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
            made(Path(name) / "history", trades)
            show(Path(name) / "history", trades)


if __name__ == "__main__":
    main()
