"""Killed at full load with signal 9: the recorder, the flusher, or both at once."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from perfkit.tracker import TradeTracker
from tests.torture.desk import (
    acknowledged,
    assert_books_are_those_of_a_replay,
    assert_clean,
    assert_kept,
    assert_resent_are_duplicates,
    first_fills,
    stored,
)
from tests.torture.load import THREADS, flush, kill, record, start


def wait_for(ledger, number):
    while not ledger.exists() or ledger.stat().st_size < 12 * number:  # bytes of a receipt
        time.sleep(0.005)


def sent_on(day, held):
    """Make again what is there of a day, and some that was on its way behind it."""
    last = Counter()
    for _, thread, number in (trade.split(".") for trade in held):
        last[int(thread)] = max(last[int(thread)], int(number))
    return [f for thread in range(THREADS) for f in first_fills(day, thread, last[thread] + 100)]


@pytest.fixture
def flusher(tmp_path):
    started = [start(flush, tmp_path / "history")]
    yield started
    started[-1].kill()
    started[-1].join()


def test_killed_at_full_load_nothing_acknowledged_is_lost_or_doubled(tmp_path, flusher, size):
    folder, moments = tmp_path / "history", random.Random(41)
    everything = {}
    for day in range(size(2, 20)):
        ledger = tmp_path / f"{day}.ledger"
        recorder = start(record, folder, ledger, day)
        wait_for(ledger, 300)
        time.sleep(moments.uniform(0, 1.0))
        victim = ("both", "flusher", "recorder")[day % 3]
        if victim != "recorder":
            kill(flusher[-1])
        if victim == "flusher":  # the recorder goes on, and another flusher takes over
            flusher.append(start(flush, folder))
            wait_for(ledger, len(acknowledged(ledger)) + 300)
        kill(recorder)
        if victim == "both":
            flusher.append(start(flush, folder))

        told = acknowledged(ledger)
        with TradeTracker(folder) as tracker:
            held = stored(tracker.store)
            assert_kept(everything | told, held)
            of_day = {t: n for t, n in held.items() if t.startswith(f"d{day}.")}
            assert_resent_are_duplicates(tracker, sent_on(day, of_day), of_day)
            tracker.flush()
            everything = stored(tracker.store)
            assert_kept(held, everything)
            assert_books_are_those_of_a_replay(folder, tracker, tmp_path / "copy")
    kill(flusher[-1])
    with TradeTracker(folder):
        pass
    assert_clean(folder)
