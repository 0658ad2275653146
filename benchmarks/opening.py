"""Opening: how long a tracker takes to go on with a history of millions of trades.

The history is recorded through the tracker, then opened in a new process: with its
snapshot, after a kill -9 (a tail of trades since the snapshot), and without one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.timing import machine
from perfkit.records import Fill, conform
from perfkit.tracker import TradeTracker

BATCH = 100_000
OPENER = """
import resource, sys, time
from perfkit.tracker import TradeTracker
begin = time.perf_counter()
tracker = TradeTracker(sys.argv[1])
seconds = time.perf_counter() - begin
trades = int(tracker.recording.memory.ledger().positions()["trades"].sum())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tracker.store.release()
print(seconds, trades, peak / 1024)
"""


def fills(start: int) -> pa.Table:
    """Make a batch of fills of 20 strategies over 50 symbols, a second apart."""
    rng = np.random.default_rng(start)
    number = np.arange(start, start + BATCH)
    times = np.datetime64("2020-01-01", "us") + number * np.timedelta64(1_000_000, "us")
    columns = {
        "trade_id": pa.array([f"t{n}" for n in number]),
        "account_id": pa.array([f"a{n % 5}" for n in number]),
        "strategy_id": pa.array([f"s{n % 4}" for n in number]),
        "execution_time": pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
        "symbol": pa.array([f"S{n % 50}" for n in rng.integers(0, 50, BATCH)]),
        "side": pa.array(np.where(rng.random(BATCH) < 0.5, "buy", "sell")),
        "price": pa.array(50.0 + rng.random(BATCH)),
        "volume": pa.array(rng.integers(1, 100, BATCH).astype(float)),
    }
    return conform(pa.table(columns), Fill)


def opened(folder: Path) -> tuple[float, int, float]:
    """Open a history in a new process: seconds, trades in its books, MB of memory at most."""
    command = [sys.executable, "-c", OPENER, str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(answer[0]), int(answer[1]), float(answer[2])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to be measured")
    wanted = parser.parse_args()
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder, begin = Path(name), time.perf_counter()
        with TradeTracker(folder, market=None, labeler=None) as tracker:
            for start in range(0, wanted.trades, BATCH):
                tracker.record_many(fills(start))
                if start % (10 * BATCH) == 0:
                    tracker.flush()
                    print(f"\r  recorded {start + BATCH:,}", end="", flush=True)
            runs = [run for known in tracker.recording.memory.known.values() for run in known.runs]
            known = sum(run.nbytes for run in runs)
        seconds = time.perf_counter() - begin
        print(f"\r  recorded {wanted.trades:,} in {seconds:,.0f} s, making them included; "
              f"known ids take {known / wanted.trades:.1f} bytes a trade")  # fmt: skip
        row = "  {:<34} {:>8} {:>14} {:>10}"
        print(row.format("opened in a new process", "s", "trades", "MB"))
        show = ("with its snapshot", *opened(folder))
        print(row.format(show[0], f"{show[1]:.2f}", f"{show[2]:,}", f"{show[3]:,.0f}"))
        tail = TradeTracker(folder, market=None, labeler=None)
        tail.record_many(fills(wanted.trades))
        tail.store.release()  # as a killed process leaves it
        show = ("after a kill, 100,000 trades later", *opened(folder))
        print(row.format(show[0], f"{show[1]:.2f}", f"{show[2]:,}", f"{show[3]:,.0f}"))
        shutil.rmtree(folder / "recovery")
        show = ("without a snapshot", *opened(folder))
        print(row.format(show[0], f"{show[1]:.2f}", f"{show[2]:,}", f"{show[3]:,.0f}"))


if __name__ == "__main__":
    main()
