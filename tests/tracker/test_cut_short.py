"""Steps that are cut short, asked in between, or taken too late: nothing lost, nothing twice."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager

import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.market import MarketState
from perfkit.records import Bar
from perfkit.store import TradeStore
from perfkit.store.journal import Journal
from perfkit.tracker import Recorder, TradeTracker
from perfkit.tracker.memory import Memory
from tests.tracker.test_recovery import BEGIN, assert_same, books, replayed


def test_a_row_that_repeats_a_refused_one_is_refused_with_it(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1", currency="USD"))
        receipt = tracker.record_many([fill("2", 1, currency="EUR"), fill("2", 1, currency="EUR")])
        assert (receipt.accepted, receipt.duplicates, receipt.first_sequence) == (0, (), None)
        assert [(r.row, r.code) for r in receipt.rejected] == [(0, "unfit"), (1, "unfit")]
        with Recorder(tracker) as recorder:
            waiting = [recorder.submit(fill("2", 1, currency="EUR")) for _ in range(5)]
            errors = [type(each.exception()).__name__ for each in waiting]
        assert errors == ["UnfitFillError"] * 5
        assert tracker.store.read().num_rows == 1


@pytest.mark.parametrize("chain", [("x", "x"), ("x", "y"), ("y", "nobody")])
def test_corrections_that_lead_nowhere_leave_the_others_alone(tmp_path, fill, chain):
    def correction(name, original, hours):
        return fill(name, hours, record_type="correct", original_trade_id=original)

    own, other = chain
    bad = [correction(own, other, 2), correction("y" if own == "x" else "z", own, 3)]
    with TradeTracker(tmp_path) as tracker:
        receipt = tracker.record_many([fill("1"), *bad, fill("2", 4)])
        assert receipt.accepted == 2
        assert {r.code for r in receipt.rejected} == {"unknown_trade"}
        assert tracker.record(fill("3", 5)).accepted == 1
    assert TradeStore(tmp_path).read()["position"].to_pylist() == [100.0, 200.0, 300.0]


def test_asking_from_another_thread_waits_for_the_fill_that_is_on_its_way(tmp_path, fill):
    asked, answers = threading.Event(), []

    class Slow:
        def generate(self, trades, context):
            if trades["trade_id"][0].as_py() == "2":
                asked.set()
                answer.join(0.2)
            return pa.array([[]] * len(trades), pa.list_(pa.string()))

    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.recording._labeler = Slow()
        tracker.record(fill("1"))

        def ask():
            asked.wait(60)
            answers.append(tracker.pnl({"SPY": 60.0})[0].positions)

        answer = threading.Thread(target=ask)
        answer.start()
        tracker.record(fill("2", 1))
        answer.join(60)
        assert answers == [{"SPY": 200.0}]
        tracker.record(fill("3", 2))
        live = books(tracker)
    assert_same(replayed(tmp_path), live)


def test_a_labeler_that_asks_its_own_tracker_is_refused(tmp_path, fill):
    class Asking:
        def generate(self, trades, context):
            return tracker.pnl({})

    with TradeTracker(tmp_path, market=None) as tracker:
        tracker.recording._labeler = Asking()
        with pytest.raises(StoreError, match="must not ask the tracker"):
            tracker.record(fill("1"))
        tracker.recording._labeler = None
        assert tracker.record(fill("1")).accepted == 1


def test_a_closed_tracker_takes_nothing(tmp_path, fill):
    tracker = TradeTracker(tmp_path)
    tracker.record(fill("1"))
    tracker.close()
    bar = Bar(symbol="SPY", close_time=BEGIN, close=1.0)
    for act in (
        lambda: tracker.record(fill("2", 1)),
        lambda: tracker.record_bars([bar]),
        lambda: tracker.pnl({}),
    ):
        with pytest.raises(StoreError, match="closed; open another"):
            act()
    tracker.close()
    with TradeTracker(tmp_path) as other:  # the lock was given back
        assert other.record(fill("2", 1)).sequence == 2


@pytest.mark.parametrize("where", ["keep", "journal"])
def test_an_interrupt_behind_the_commit_doubles_nothing(tmp_path, fill, monkeypatch, where):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1"))
        with monkeypatch.context() as patch:
            if where == "keep":
                patch.setattr(Memory, "keep", interrupted)
            else:  # the rows are committed, their numbers not noted yet
                transaction = Journal._transaction
                patch.setattr(Journal, "_transaction", lambda own: interrupting(transaction(own)))
            with pytest.raises(KeyboardInterrupt):
                tracker.record(fill("2", 1))
        again = tracker.record(fill("2", 1))
        assert (again.duplicate, again.sequence) == (True, 2)
        assert tracker.record(fill("3", 2)).sequence == 3
        live = books(tracker)
    assert TradeStore(tmp_path).read()["trade_id"].to_pylist() == ["1", "2", "3"]
    assert_same(replayed(tmp_path), live)


def interrupted(*_):
    raise KeyboardInterrupt


@contextmanager
def interrupting(transaction):
    with transaction:
        yield
    raise KeyboardInterrupt


def test_after_a_backup_was_put_back_the_snapshot_of_the_lost_day_is_not_believed(tmp_path, fill):
    history, backup = tmp_path / "history", tmp_path / "backup"
    with TradeTracker(history) as tracker:
        tracker.record_many([fill(str(n), n) for n in range(20)])
    shutil.copytree(history, backup)
    with TradeTracker(history) as tracker:
        tracker.record_many([fill(str(n), n) for n in range(20, 40)])
    shutil.copytree(history / "recovery", backup / "recovery", dirs_exist_ok=True)
    other = TradeTracker(backup)
    other.record_many([fill(f"x{n}", n, "sell") for n in range(20, 45)])
    other.store.release()  # killed
    with TradeTracker(backup) as tracker:
        assert tracker.record(fill("30", 50)).accepted == 1  # went with the lost day
        assert tracker.record(fill("x21", 21, "sell")).duplicate
        live = books(tracker)
    assert_same(replayed(backup), live)


def test_two_copies_that_went_on_do_not_believe_each_other(tmp_path, fill):
    one, two = tmp_path / "one", tmp_path / "two"
    with TradeTracker(one) as tracker:
        tracker.record(fill("1"))
    shutil.copytree(one, two)
    for folder, name in ((one, "a"), (two, "b")):
        with TradeTracker(folder) as tracker:
            tracker.record(fill(name, 1, volume=7.0))
    shutil.rmtree(two / "recovery")
    shutil.copytree(one / "recovery", two / "recovery")
    with TradeTracker(two) as tracker:
        assert tracker.record(fill("a", 2, volume=7.0)).accepted == 1
        assert tracker.record(fill("b", 1, volume=7.0)).duplicate


def test_a_fill_before_the_last_of_its_strategy_sees_nothing_of_what_came_after(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1", 5, symbol="AAA"))
        tracker.record(fill("2", 1, symbol="BBB"))
        tracker.record(fill("3", 6, symbol="AAA"))
        exposure = [row["exposure"] for row in tracker.store.read()["account_state"].to_pylist()]
    assert exposure == [0.0, 0.0, 10_000.0]  # in the order of execution: 2, 1, 3


def test_a_labeler_that_fails_at_one_fill_of_a_group_fails_for_it_alone(tmp_path, fill):
    class Picky:
        def generate(self, trades, context):
            if "9" in trades["trade_id"].to_pylist():
                raise StopIteration("no label")
            return pa.array([[]] * len(trades), pa.list_(pa.string()))

    with TradeTracker(tmp_path, market=MarketState()) as tracker:
        tracker.recording._labeler = Picky()
        with Recorder(tracker) as recorder:
            waiting = {n: recorder.submit(fill(str(n), n)) for n in range(30)}
            errors = {n: each.exception(60) for n, each in waiting.items()}
    assert [n for n, error in errors.items() if error is not None] == [9]
    assert isinstance(errors[9], RuntimeError)
    assert TradeStore(tmp_path).read().num_rows == 29


def test_a_recorder_is_not_closed_from_its_own_callbacks(tmp_path, fill):
    said = []

    def close(_):
        with pytest.raises(InvalidArgumentError, match="closed by another thread"):
            recorder.close()
        said.append("refused")

    with TradeTracker(tmp_path) as tracker:
        tracker.subscribe(close)
        with Recorder(tracker) as recorder:
            assert recorder.submit(fill("1")).result(60).accepted == 1
    assert said == ["refused"]


def test_live_pnl_knows_the_rate_that_came_late(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1", 0, commission=1.0, currency="USD", fee_currency="BNB"))
        tracker.record_bars([Bar(symbol="BNB/USD", close_time=BEGIN, close=300.0)])
        (live,) = tracker.pnl({"SPY": 60.0})
        assert (live.fees, live.total_pnl) == (300.0, 1_000.0 - 300.0)
        tracker.record(fill("2", 1, currency="USD"))
        assert tracker.pnl({"SPY": 60.0})[0].fees == 300.0
