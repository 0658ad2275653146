"""A wall clock that steps back: numbers, order and books do not ask it; ``recorded_at`` repeats it.

What is guaranteed: `sequence` rises with every receipt; canonical order, duplicates and books are
those of a steady clock; ``as_of`` gives the rows whose stamp is not later, by what the clock said.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from perfkit import Fill, History
from perfkit.tracker import TradeTracker
from tests.torture.desk import assert_clean, first_fills
from tests.torture.disk import HAS_CC
from tests.tracker.test_recovery import assert_same, books

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """Gives one time after the other, the last one for ever."""

    def __init__(self, *times):
        self._times = list(times)

    def __call__(self):
        return self._times.pop(0) if len(self._times) > 1 else self._times[0]


def test_numbers_rise_and_books_are_the_same_when_the_clock_goes_back(tmp_path):
    sent = list({fill.trade_id: fill for fill in first_fills(0, 0, 120)}.values())
    back = Clock(NOON, NOON + HOUR, NOON - 24 * HOUR, NOON, NOON - 48 * HOUR)
    with (
        TradeTracker(tmp_path / "back", clock=back) as tracker,
        TradeTracker(tmp_path / "steady", clock=lambda: NOON) as steady,
    ):
        receipts = []
        for start in range(0, 100, 20):
            part = sent[start : start + 20]
            receipts.append(tracker.record_many(part))
            assert tracker.record_many(part).duplicate
            steady.record_many(part)
        assert [receipt.first_sequence for receipt in receipts] == [1, 21, 41, 61, 81]
        assert_same(books(tracker), books(steady))
        columns = ["trade_id", "sequence", "pnl", "cumulative_pnl", "position"]
        assert tracker.store.read(columns=columns) == steady.store.read(columns=columns)
    assert_clean(tmp_path / "back")


def test_as_of_goes_by_what_the_clock_said(tmp_path):
    sent = [fill for fill in first_fills(0, 0, 50) if fill.record_type == "new"][:40]
    with TradeTracker(tmp_path, clock=Clock(NOON, NOON + HOUR, NOON - HOUR)) as tracker:
        for start in (0, 10, 20):
            tracker.record_many(sent[start : start + 10])
        store = tracker.store
    for known, numbers in [
        (NOON - 2 * HOUR, []),
        (NOON - HOUR, [*range(21, 31)]),
        (NOON, [*range(1, 11), *range(21, 31)]),
        (NOON + HOUR, [*range(1, 31)]),
    ]:
        found = store.as_of(known).read(columns=["sequence"])["sequence"].to_pylist()
        assert sorted(found) == numbers


def test_a_correction_stamped_before_its_original_counts(tmp_path):
    fill = partial(
        Fill, account_id="a", strategy_id="s", symbol="SPY", volume=100.0,
        execution_time=NOON - 24 * HOUR,
    )  # fmt: skip
    with TradeTracker(tmp_path, clock=Clock(NOON, NOON - HOUR)) as tracker:
        tracker.record(fill(trade_id="1", side="buy", price=50.0))
        tracker.record(fill(trade_id="1c", side="buy", price=40.0, record_type="correct",
                            original_trade_id="1"))  # fmt: skip
        tracker.record(fill(trade_id="2", side="sell", price=60.0))
    assert History(str(tmp_path)).trades()["pnl"].sum() == 100.0 * (60 - 40)
    assert_clean(tmp_path)


CHILD = textwrap.dedent(
    """
    import json, os, sys, time
    from datetime import datetime, UTC
    from pathlib import Path
    from perfkit.store.compaction import compact
    from perfkit.tracker import Recorder, TradeTracker
    from tests.torture.desk import bars, first_fills

    root, clock = Path(sys.argv[1]), Path(os.environ["CLOCK_STEP"])
    sent = list({fill.trade_id: fill for fill in first_fills(0, 0, 300)}.values())[:250]
    said, before = [], time.time()
    for round, hours in enumerate([0, -30 * 24, 1, -365 * 24 * 3, 0]):
        clock.write_bytes((hours * 3600 * 10**9).to_bytes(8, "little", signed=True))
        assert abs(time.time() - before - hours * 3600) < 3000
        with TradeTracker(root) as tracker, Recorder(tracker) as recorder:
            waiters = [recorder.submit(fill) for fill in sent[round * 50 : round * 50 + 50]]
            said += [waiter.result().sequence for waiter in waiters]
            age = tracker.store.backlog().age(datetime.now(UTC))
            assert 0 <= age < 3000, age
            tracker.flush()
        compact(root)
    print(json.dumps(said))
    """
)


@pytest.mark.skipif(not HAS_CC, reason="needs cc, to set a clock for one process")
def test_a_system_clock_that_goes_back_loses_and_reorders_nothing(tmp_path, disk):
    """By a month, and by three years: journal, log of the tables, merges and snapshots."""
    command = [sys.executable, "-c", CHILD, disk.root]
    answer = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=disk.environment(), check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert sorted(json.loads(answer.stdout)) == list(range(1, 251))
    sent = list({fill.trade_id: fill for fill in first_fills(0, 0, 300)}.values())[:250]
    with TradeTracker(disk.root) as tracker, TradeTracker(tmp_path / "steady") as steady:
        stamps = tracker.store.read(columns=["recorded_at"])["recorded_at"].to_pylist()
        assert len({stamp.year for stamp in stamps}) > 1
        steady.record_many(sent)
        assert_same(books(tracker), books(steady))
        assert tracker.record_many(sent).duplicate
    assert_clean(disk.root)
