"""A process that records, flushes, compacts and starts again, and writes down its receipts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from perfkit.store.compaction import compact
from perfkit.tracker import TradeTracker, memory
from tests.torture.desk import bars, first_fills

BATCH = 30  # fills between two flushes

if __name__ == "__main__":
    memory._SNAPSHOT_ROWS = 100
    folder, ledger, commits = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    out = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for day in range(2):
        fills = first_fills(day, 0, BATCH * commits)
        with TradeTracker(folder) as tracker:
            tracker.record_bars(bars(day))
            for start in range(0, len(fills), 10):
                part = fills[start : start + 10]
                receipts = tracker.recording.take({"trades": part}, atomic=False)[
                    "trades"
                ].outcomes()
                for fill, receipt in zip(part, receipts, strict=True):
                    os.write(out, f"{fill.trade_id} {receipt.sequence}\n".encode())
                if start % BATCH == 0:
                    tracker.flush()
        compact(folder)
