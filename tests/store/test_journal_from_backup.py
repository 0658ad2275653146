"""A journal put back from a backup, beside tables that went on: nothing recorded is lost."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import pytest

from perfkit.store import TradeStore, verify
from perfkit.tracker import TradeTracker
from tests.history.random_desks import bars_of, fills_of


def record(folder, *fills, flush=False, bars=()):
    with TradeTracker(folder, market=None, labeler=None) as tracker:
        tracker.record_bars(list(bars))
        tracker.record_many(list(fills))
        if not flush:
            tracker.store.release()  # it waits in the journal


def ids(folder):
    return sorted(TradeStore(folder).read("trades")["trade_id"].to_pylist())


def fill(number):
    return replace(fills_of(0)[number], trade_id=f"t{number}")


@pytest.mark.parametrize("waiting", [True, False])
def test_what_is_recorded_into_it_is_read_and_flushed(tmp_path, waiting):
    desk, backup = tmp_path / "desk", tmp_path / "backup.sqlite"
    record(desk, fill(0), bars=bars_of(0)[:8])
    with TradeTracker(desk, market=None, labeler=None) as tracker:
        if waiting:
            tracker.record(fill(1))
        else:
            tracker.flush()
            tracker.record(fill(1))
            tracker.flush()
        with sqlite3.connect(desk / "journal.sqlite") as live, sqlite3.connect(backup) as copy:
            live.backup(copy)
        for number in range(2, 9):
            tracker.record(fill(number))
    known = ids(desk)
    assert len(known) == 9
    for file in desk.glob("journal.sqlite*"):
        file.unlink()
    shutil.copy(backup, desk / "journal.sqlite")
    assert ids(desk) == known
    for number in range(9, 12):
        record(desk, fill(number))
        known.append(f"t{number}")
        assert ids(desk) == sorted(known)
    record(desk, fill(12), flush=True)
    assert ids(desk) == sorted([*known, "t12"])
    assert verify(desk).is_clean
