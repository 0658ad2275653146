"""Delivered once to three times, in any order, in batches of any size, with restarts between."""

from __future__ import annotations

import random

from perfkit.store.compaction import compact
from perfkit.tracker import Recorder, TradeTracker, memory
from tests.torture.desk import assert_clean, first_fills, stored
from tests.tracker.test_recovery import assert_same, books

SPREAD = 4  # how many times as many fills as are far out of order


def shuffled(rng, facts):
    """Repeat each fact up to twice; most come about when they happened, others at any time."""
    delivered = [fact for fact in facts for _ in range(rng.randint(1, 3))]
    place = {
        id(fact): n + (rng.uniform(0, len(delivered)) if n % SPREAD == 0 else rng.uniform(0, 500))
        for n, fact in enumerate(delivered)
    }
    return sorted(delivered, key=lambda fact: place[id(fact)] + rng.uniform(0, 300))


def test_in_any_order_and_repeatedly_the_books_are_those_of_one_ordered_batch(
    tmp_path, size, monkeypatch
):
    count, rng = size(3_000, 50_000), random.Random(50)
    monkeypatch.setattr(memory, "_SNAPSHOT_ROWS", count // 7)
    new = {f.trade_id: f for thread in range(2) for f in first_fills(0, thread, count // 2 + 700)}
    facts = [fill for fill in new.values() if fill.record_type == "new"][:count]
    delivered = shuffled(rng, facts)
    folder = tmp_path / "delivered"
    tracker, accepted, repeated = TradeTracker(folder, labeler=None), 0, 0
    while delivered:
        batch = [delivered.pop() for _ in range(min(len(delivered), rng.randint(1, count // 10)))]
        receipt = tracker.record_many(batch)
        accepted, repeated = accepted + receipt.accepted, repeated + len(receipt.duplicates)
        assert receipt.accepted + len(receipt.duplicates) == len(batch)
        match rng.randrange(8):
            case 0:
                tracker.close()
                tracker = TradeTracker(folder, labeler=None)
            case 1:  # as a killed process leaves it
                tracker.store.release()
                tracker = TradeTracker(folder, labeler=None)
            case 2:
                tracker.flush()
                compact(folder)
            case 3:
                with Recorder(tracker) as recorder:
                    again = [recorder.submit(fill) for fill in batch[:100]]
                assert all(waiter.result().duplicate for waiter in again)
    assert (accepted, repeated > count / 2) == (len(facts), True)
    with TradeTracker(tmp_path / "ordered", labeler=None) as ordered:
        ordered.record_many(sorted(facts, key=lambda fill: fill.execution_time))
        assert_same(books(tracker), books(ordered))
    assert stored(tracker.store).keys() == {fill.trade_id for fill in facts}
    tracker.close()
    assert_clean(folder)
