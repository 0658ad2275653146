"""The recorder: fills one by one, from threads and coroutines, recorded in groups."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from perfkit.errors import ConflictError, InvalidArgumentError, QueueFullError
from perfkit.store import TradeStore
from perfkit.tracker import Recorder, TradeTracker


@pytest.fixture
def tracker(tmp_path):
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        yield tracker


def test_every_fill_gets_its_own_receipt_and_the_books_are_those_of_one_batch(
    tracker, tmp_path, fill
):
    fills = [fill(str(n), n, "buy" if n % 3 else "sell", 50.0 + n, 10.0) for n in range(500)]
    with Recorder(tracker) as recorder:
        receipts = [waiter.result() for waiter in [recorder.submit(each) for each in fills]]
    assert [receipt.sequence for receipt in receipts] == list(range(1, 501))
    assert {receipt.accepted for receipt in receipts} == {1}
    with TradeTracker(tmp_path / "batch", market=None, labeler=None) as batch:
        batch.record_many(fills)
        columns = ["trade_id", "pnl", "cumulative_pnl", "position", "average_price"]
        assert tracker.store.read(columns=columns) == batch.store.read(columns=columns)


def test_a_bad_fill_hears_why_and_does_not_touch_its_neighbours(tracker, fill):
    with Recorder(tracker) as recorder:
        first = recorder.submit(fill("1")).result()
        waiters = [
            recorder.submit(each)
            for each in (fill("1", price=51.0), fill("2", 1), fill("1"), fill("3", 2))
        ]
        with pytest.raises(ConflictError, match="price was 50"):
            waiters[0].result()
        again = waiters[2].result()
        assert (again.duplicate, again.sequence) == (True, first.sequence)
        assert [waiters[n].result().sequence for n in (1, 3)] == [2, 3]


def test_from_many_threads_each_fill_is_recorded_once(tracker, fill):
    def offer(part):
        waiters = [recorder.submit(fill(f"{n}", n)) for n in range(part, 400, 4)]
        waiters += [recorder.submit(fill(f"{n}", n)) for n in range(0, 400, 7)]
        return [waiter.result() for waiter in waiters]

    with Recorder(tracker) as recorder, ThreadPoolExecutor(4) as threads:
        receipts = [receipt for part in threads.map(offer, range(4)) for receipt in part]
    assert sum(receipt.accepted for receipt in receipts) == 400
    stored = tracker.store.read()["trade_id"].to_pylist()
    assert sorted(stored) == sorted(str(n) for n in range(400))


def test_coroutines_wait_for_their_receipts_and_may_give_up(tracker, fill):
    async def offer():
        receipts = await asyncio.gather(*(recorder.record(fill(str(n), n)) for n in range(100)))
        task = asyncio.create_task(recorder.record(fill("given_up", 200)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(ConflictError):
            await recorder.record(fill("5", 5, price=1.0))
        return [receipt.sequence for receipt in receipts]

    with Recorder(tracker) as recorder:
        assert sorted(asyncio.run(offer())) == list(range(1, 101))
    assert "given_up" in tracker.store.read()["trade_id"].to_pylist()


def test_a_full_queue_says_so_and_what_was_taken_is_recorded(tracker, fill):
    gate = threading.Event()
    tracker.subscribe(lambda _: gate.wait(60))
    with Recorder(tracker, capacity=3) as recorder:
        first = recorder.submit(fill("first"))
        first.result()  # the worker now tells the listener, which waits
        waiters = [recorder.submit(fill(str(n), n)) for n in range(3)]
        with pytest.raises(QueueFullError, match="has 3 waiting; offer '9' again"):
            recorder.submit(fill("9"))
        assert recorder.backlog == 3
        gate.set()
        assert [waiter.result().accepted for waiter in waiters] == [1, 1, 1]
    assert tracker.store.read().num_rows == 4


def test_a_listener_that_fails_stops_nothing_and_is_heard_of_at_the_end(tracker, fill):
    def fail(_):
        raise RuntimeError("the listener is broken")

    tracker.subscribe(fail)
    recorder = Recorder(tracker)
    assert recorder.submit(fill("1")).result().accepted == 1
    assert recorder.submit(fill("2", 1)).result().accepted == 1
    with pytest.raises(RuntimeError, match="the listener is broken"):
        recorder.close()
    assert tracker.store.read().num_rows == 2


def test_a_labeler_that_fails_leaves_its_group_unrecorded_and_the_rest_goes_on(tmp_path, fill):
    class Labeler:
        is_broken = True

        def generate(self, trades, context):
            if self.is_broken:
                raise RuntimeError("no labels")
            return [[]] * trades.num_rows

    labeler = Labeler()
    with TradeTracker(tmp_path, market=None) as tracker:
        tracker.recording._labeler = labeler
        with Recorder(tracker) as recorder:
            with pytest.raises(RuntimeError, match="no labels"):
                recorder.submit(fill("1")).result()
            assert tracker.store.read().num_rows == 0
            tracker.recording._labeler = None
            assert recorder.submit(fill("1")).result().sequence == 1
            assert recorder.submit(fill("2", 1)).result().accepted == 1
    assert TradeStore(tmp_path).read()["position"].to_pylist() == [100.0, 200.0]


def test_what_is_no_fill_and_what_comes_too_late_is_refused(tracker, fill):
    recorder = Recorder(tracker)
    with pytest.raises(InvalidArgumentError, match="takes a Fill at a time, was given dict"):
        recorder.submit({"trade_id": "1"})
    recorder.close()
    with pytest.raises(InvalidArgumentError, match="closed"):
        recorder.submit(fill("1"))
    with pytest.raises(InvalidArgumentError, match="capacity must be at least 1"):
        Recorder(tracker, capacity=0)


def test_flushing_beside_the_recorder_loses_and_doubles_nothing(tracker, fill):
    with Recorder(tracker) as recorder:
        waiters = []
        for n in range(1_000):
            waiters.append(recorder.submit(fill(str(n), n)))
            if n % 200 == 199:
                tracker.flush()
                assert tracker.store.read().num_rows <= n + 1
        assert {waiter.result().accepted for waiter in waiters} == {1}
    assert sorted(tracker.store.read()["sequence"].to_pylist()) == list(range(1, 1_001))


EXIT = """
import sys, threading
from datetime import UTC, datetime, timedelta
from perfkit.records import Fill
from perfkit.tracker import Recorder, TradeTracker

begin = datetime(2024, 1, 2, tzinfo=UTC)
fills = [
    Fill(trade_id=str(n), account_id="a", strategy_id="s", symbol="SPY", side="buy", price=1.0,
         volume=1.0, execution_time=begin + timedelta(seconds=n))
    for n in range(4_000)
]

recorder = Recorder(TradeTracker(sys.argv[1], market=None, labeler=None))
waiting = [recorder.submit(fill) for fill in fills]


def answered():
    errors = [waiter.exception() for waiter in waiting]
    recorded = [waiter.result() for waiter, e in zip(waiting, errors) if e is None]
    print(len(errors), sum(receipt.accepted for receipt in recorded), flush=True)


threading.Thread(target=answered).start()
"""


def test_a_process_that_ends_without_closing_answers_for_every_fill(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", EXIT, str(tmp_path)], capture_output=True, text=True, check=True
    )
    answered, accepted = map(int, run.stdout.split())
    assert answered == 4_000
    assert TradeStore(tmp_path).read().num_rows == accepted
