"""Readers beside a desk at full load, and a second writer who must not be one."""

from __future__ import annotations

import os
import random
import time

import polars as pl
import pytest

from perfkit.errors import StoreLockedError
from perfkit.store import TradeStore
from perfkit.store.compaction import compact
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.journal import Journal
from perfkit.tracker import TradeTracker
from tests.torture.desk import (
    acknowledged,
    assert_clean,
    assert_kept,
    bars,
    first_fills,
    stored,
)
from tests.torture.load import flush, kill, record, start, write


@pytest.fixture
def desk(tmp_path):
    """A recorder and a flusher at full load on a history; gives both processes."""
    processes = [start(record, tmp_path / "history", tmp_path / "ledger", 0),
                 start(flush, tmp_path / "history")]  # fmt: skip
    while len(acknowledged(tmp_path / "ledger")) < 300:
        assert [process.exitcode for process in processes] == [None, None]
        time.sleep(0.01)
    yield processes
    for process in processes:
        process.kill()
        process.join()


def test_a_reader_sees_all_that_was_acknowledged_grow_without_holes(tmp_path, desk, size):
    """While fills are recorded, flushed and merged: the numbers are 1 to n, each once."""
    folder, ledger, rng = tmp_path / "history", tmp_path / "ledger", random.Random(8)
    store, seen = TradeStore(folder), 0
    before = store.read("bars", columns=["sequence"]).num_rows
    assert before == len(bars(0))
    for look in range(size(40, 120)):
        if look % 8 == 7:
            compact(folder)
        told = acknowledged(ledger) if look % 4 == 0 else {}
        match rng.randrange(3):
            case 0:
                held = stored(store)
                assert_kept(told, held)
                numbers = sorted(held.values())
            case 1:  # of one book: what is there of it now was there before
                mine = pl.col("strategy_id") == "s1"
                part = store.read(where=mine, columns=["sequence"])["sequence"].to_pylist()
                whole = store.read(columns=["sequence", "strategy_id"]).to_pylist()
                assert len(set(part)) == len(part)
                assert set(part) <= {r["sequence"] for r in whole if r["strategy_id"] == "s1"}
                continue
            case _:  # as one who has read some already
                fresh = store.read(columns=["sequence"], after=seen)["sequence"].to_pylist()
                numbers = [*range(before + 1, seen + 1), *sorted(fresh)] if seen else sorted(fresh)
        assert numbers == list(range(before + 1, numbers[-1] + 1))
        assert numbers[-1] >= seen
        seen = numbers[-1]
    assert seen > before + 300
    assert store.read("bars", columns=["sequence"])["sequence"].to_pylist() == [
        *range(1, before + 1)
    ]


@pytest.mark.parametrize(
    "look", [(Journal, "groups"), (DeltaTables, "find")], ids=["journal", "table"]
)
def test_what_moves_in_the_middle_of_a_read_is_seen_once(tmp_path, monkeypatch, look):
    """Between any two looks of a reader rows are recorded, flushed and merged."""
    sent, is_due = [f for n in range(3) for f in first_fills(0, n, 50)], []

    def meanwhile(number):
        tracker.record_many(sent[number * 10 : number * 10 + 10])
        tracker.flush()
        compact(tmp_path)

    def moving(real):
        def looked(*arguments):
            found = real(*arguments)
            found = iter(list(found)) if real.__name__ == "groups" else found
            if is_due:
                meanwhile(is_due.pop())
            return found

        return looked

    with TradeTracker(tmp_path) as tracker:
        monkeypatch.setattr(*look, moving(getattr(*look)))
        for number in range(0, 12, 2):
            tracker.record_many(sent[number * 10 : number * 10 + 10])
            is_due.append(number + 1)
            numbers = sorted(stored(tracker.store).values())
            assert is_due == []
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) >= number * 10 + 10


def test_a_second_writer_is_refused_at_any_moment_and_takes_over_from_a_dead_one(tmp_path, desk):
    folder, ledger = tmp_path / "history", tmp_path / "ledger"
    recorder, flusher = desk
    for _ in range(20):
        with pytest.raises(StoreLockedError, match=f"process {recorder.pid} is writing"):
            TradeTracker(folder)
    kill(recorder)
    kill(flusher)
    assert (folder / "journal.lock").read_text() == str(recorder.pid)  # it means nothing now
    with TradeTracker(folder) as tracker:
        assert_kept(acknowledged(ledger), stored(tracker.store))
        assert (folder / "journal.lock").read_text() == str(os.getpid())
    assert_clean(folder)


def test_of_several_who_want_to_write_at_once_one_does(tmp_path):
    """All start together; who is refused has written nothing, and a killed one blocks nobody."""
    writers = [start(write, tmp_path, n) for n in range(4)]
    while len(list(tmp_path.glob("*.answer"))) < len(writers):
        assert {writer.exitcode for writer in writers} <= {None, 0}
        time.sleep(0.01)
    said = {int(file.stem): file.read_text() for file in tmp_path.glob("*.answer")}
    assert sorted(said.values()) == ["refused", "refused", "refused", "wrote"]
    first = next(n for n, word in said.items() if word == "wrote")
    kill(writers[first])
    with TradeTracker(tmp_path / "history") as tracker:
        held = stored(tracker.store)
    assert (len(held), {trade.split(".")[1] for trade in held}) == (20, {str(first)})
