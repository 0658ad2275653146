"""A process whose disk is slow, fails or is full, one history after the other; says what it heard.

Run on a `Disk`; the fsyncs go by the plan of ``tests/store/test_disk_faults.py`` besides.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from perfkit.errors import StoreError
from perfkit.tracker import Recorder, TradeTracker, memory
from tests.torture.desk import bars, first_fills

SENT = [*{fill.trade_id: fill for fill in first_fills(0, 0, 400)}.values()]


def attempt(step, *arguments):
    """Give what a step answers, or the error that it may raise."""
    try:
        answer = step(*arguments)
    except StoreError as error:
        return f"StoreError: {error}"
    return getattr(answer, "accepted", answer)


def offer(recorder, fills, told):
    """Submit from four threads; note what is acknowledged, and give the other answers."""

    def one(fill):
        receipt = attempt(recorder.submit(fill).result)
        if receipt == 1:
            told.append(fill.trade_id)
        return receipt

    with ThreadPoolExecutor(4) as threads:
        return sorted(set(threads.map(one, fills)), key=str)


def slow(tracker, slowly, full):
    said = {}
    with Recorder(tracker) as recorder:
        recorder.submit(SENT[0]).result()
        slowly.write_text("delay -wal 700")
        begun = time.monotonic()
        waiters = [recorder.submit(fill) for fill in SENT[1:30]]
        said["early"] = [waiter.done() for waiter in waiters if time.monotonic() - begun < 0.5]
        said["receipts"] = [waiter.result().accepted for waiter in waiters]
        said["seconds"] = time.monotonic() - begun
        slowly.unlink()
    return said


def failing(tracker, begin, end):
    """Record well; then the journal's disk fails, and is well again."""
    said, told = {}, []
    with Recorder(tracker) as recorder:
        said["well"] = offer(recorder, SENT[:50], told)
        begin()
        said["ill"] = offer(recorder, SENT[50:60], told)
        end()
        before = len(told)
        said["new"] = offer(recorder, SENT[60:65], told)
        said["resent"] = offer(recorder, SENT[:5], told)
        said["told later"] = len(told) - before
    said["others"] = [
        attempt(tracker.record_many, SENT[70:80]),
        attempt(tracker.record, SENT[0]),
        attempt(tracker.record_bars, bars(1)),
        attempt(tracker.flush),
    ]
    return said | {"told": told}


def failing_sync(tracker, slowly, full):
    return failing(tracker, lambda: slowly.write_text("eio -wal"), lambda: None)


def full_journal(tracker, slowly, full):
    return failing(tracker, lambda: full.write_text("-wal 1"), full.unlink)


def full_tables(tracker, slowly, full):
    said, told = {}, []
    with Recorder(tracker) as recorder:
        said["well"] = offer(recorder, SENT[:50], told)
        full.write_text(".parquet.tmp 1000000")
        said["flush"] = attempt(tracker.flush)
        said["meanwhile"] = offer(recorder, SENT[50:80], told)
        said["again"] = attempt(tracker.flush)
        full.unlink()
        said["mended"] = attempt(tracker.flush)
        said["waiting"] = tracker.store.backlog().rows
        said["then"] = offer(recorder, SENT[80:90], told)
    return said | {"told": told}


def full_for_snapshots(tracker, slowly, full):
    said, told = {}, []
    memory._SNAPSHOT_ROWS = 10
    with Recorder(tracker) as recorder, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        full.write_text("snapshot.tmp 1000000")
        said["meanwhile"] = offer(recorder, SENT[:50], told)
        full.unlink()
        said["warned"] = sorted({str(warning.message) for warning in warned})
        said["then"] = offer(recorder, SENT[50:80], told)
    return said | {"told": told}


SCENES = (slow, failing_sync, full_journal, full_tables, full_for_snapshots)

if __name__ == "__main__":
    heard = {}
    for scene in SCENES:
        tracker = TradeTracker(Path(sys.argv[1]) / scene.__name__)
        tracker.record_bars(bars(0))
        heard[scene.__name__] = scene(
            tracker, Path(os.environ["FSYNC_PLAN"]), Path(os.environ["DISK_FULL"])
        )
        tracker.close()
    sys.stdout.write(json.dumps(heard))
