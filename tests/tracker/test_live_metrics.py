"""Live metrics: what was recorded is counted, at once and after everything that may happen."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from perfkit.errors import InvalidArgumentError, StoreError, UnknownNameError
from perfkit.history import History
from perfkit.records import PerformanceSummary
from perfkit.tracker import Recorder, TradeTracker

TIME = datetime(2024, 6, 1, tzinfo=UTC)


def trips(summary):
    return summary.trade_summary.total_trades, summary.trade_summary.winning_trades


def test_metrics_follow_every_fill_late_and_corrected_ones_too(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0, "buy", 50.0), fill("2", 2, "sell", 60.0)])
        assert trips(tracker.metrics("acc_1", "trend")) == (1, 1)
        late = [fill("3", 1, "sell", 40.0), fill("4", 1, "buy", 70.0)]
        tracker.record_many(late)  # a loss of 1,000 in between, then 1,000 lost from 70 to 60
        assert trips(tracker.metrics("acc_1", "trend")) == (2, 0)
        tracker.record(fill("4c", 1, "buy", 20.0, record_type="correct", original_trade_id="4"))
        assert trips(tracker.metrics("acc_1", "trend")) == (2, 1)
        live = tracker.metrics("acc_1", "trend")
    with TradeTracker(tmp_path) as tracker:
        assert repr(tracker.metrics("acc_1", "trend")) == repr(live)
    stored = History(tmp_path).summary("acc_1", "trend")
    assert stored.trade_summary == live.trade_summary
    assert stored.label_performance == live.label_performance


def test_the_last_round_trips_follow_late_fills_and_a_restart(tmp_path, fill):
    def last(tracker, window):
        tally = tracker.recording.memory.performance().tally("acc_1", "trend", window=window)
        return tally.wins, tally.losses, tally.pnl_drawdown

    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0, "buy", 50.0), fill("2", 2, "sell", 60.0)])
        tracker.record_many([fill("3", 3, "buy", 60.0), fill("4", 4, "sell", 61.0)])
        assert [last(tracker, w)[:2] for w in ("1t", "2t", "1d")] == [(1, 0), (2, 0), (2, 0)]
        tracker.record_many([fill("5", 1, "sell", 40.0), fill("6", 1, "buy", 70.0)])
        # 10 a unit lost twice, before the one that was won last
        found = [last(tracker, w) for w in ("1t", "2t", "3t", "1d")]
        assert [counts[:2] for counts in found] == [(1, 0), (1, 1), (1, 2), (1, 2)]
        assert found[2][2] == found[3][2] >= 2_000.0
    with TradeTracker(tmp_path) as again:
        assert [last(again, w) for w in ("1t", "2t", "3t", "1d")] == found


def test_a_strategy_that_has_not_traded_has_no_metrics(tmp_path):
    with TradeTracker(tmp_path) as tracker, pytest.raises(UnknownNameError, match="none yet"):
        tracker.metrics("acc_1", "trend")


class Clock:
    def __init__(self):
        self.time = TIME

    def __call__(self):
        return self.time


def test_a_feed_of_metrics_tells_of_who_traded_at_most_so_often(tmp_path, fill):
    clock, heard = Clock(), []
    with TradeTracker(tmp_path, clock=clock) as tracker:
        tracker.subscribe(heard.append, to="metrics", every=10.0)
        tracker.record(fill("1", 0, strategy_id="a"))
        clock.time += timedelta(seconds=1)
        tracker.record_many([fill("2", 1, strategy_id="b"), fill("3", 1, strategy_id="a")])
        clock.time += timedelta(seconds=8)
        tracker.record(fill("4", 2, strategy_id="b"))
        assert [s.strategy_id for s in heard] == ["a"]
        clock.time += timedelta(seconds=1)
        tracker.record(fill("5", 3, strategy_id="c"))
        assert [s.strategy_id for s in heard[1:]] == ["b", "a", "c"]
        clock.time -= timedelta(hours=1)  # the clock was set back
        tracker.record(fill("6", 4, strategy_id="c"))
        assert [s.strategy_id for s in heard[4:]] == ["c"]
        tracker.record(fill("7", 5, "sell", strategy_id="a", volume=200.0))
    assert all(isinstance(summary, PerformanceSummary) for summary in heard)
    assert [s.strategy_id for s in heard[5:]] == ["a"]  # told when it was closed
    assert trips(heard[-1]) == (1, 0)


def test_a_recorder_feeds_metrics_too(tmp_path, fill):
    heard = []
    with TradeTracker(tmp_path) as tracker:
        tracker.subscribe(heard.append, to="metrics", every=0.0)
        with Recorder(tracker) as recorder:
            for n in range(20):
                recorder.submit(fill(str(n), n, "buy" if n % 2 == 0 else "sell")).result()
    assert trips(heard[-1])[0] == 10


def test_a_listener_that_fails_leaves_the_tracker_closed_and_its_rows_there(tmp_path, fill):
    def fail(_):
        raise RuntimeError("no room")

    tracker = TradeTracker(tmp_path)
    tracker.subscribe(fail, to="metrics", every=1e9)
    with pytest.raises(RuntimeError, match="no room"):
        tracker.record(fill("1", 0))
    tracker.record(fill("2", 1))
    with pytest.raises(RuntimeError, match="no room"):
        tracker.close()
    with pytest.raises(StoreError, match="closed"):
        tracker.record(fill("3", 2))
    with TradeTracker(tmp_path) as again:
        assert again.store.read().num_rows == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [({"to": "alarms"}, "to must be one of"), ({"to": "metrics", "every": -1.0}, "every must be"),
     ({"to": "metrics", "every": float("nan")}, "every must be")],
)  # fmt: skip
def test_a_feed_that_can_not_be_is_refused(tmp_path, given, message):
    with TradeTracker(tmp_path) as tracker, pytest.raises(InvalidArgumentError, match=message):
        tracker.subscribe(print, **given)


def test_a_legal_fill_whose_pnl_can_not_be_counted_leaves_the_others_counted(tmp_path, fill):
    tiny = {"contract": "inverse", "base_currency": "BTC", "currency": "USD", "symbol": "XBTUSD"}
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0, "buy", strategy_id="b"), fill("2", 1, strategy_id="c")])
        tracker.record_many(
            [
                fill("3", 2, "buy", 1e-300, 1e10, strategy_id="a", **tiny),
                fill("4", 3, "sell", 1.0, 1e10, strategy_id="a", **tiny),
            ]
        )
        tracker.record(fill("5", 4, "sell", 60.0, strategy_id="b"))
        assert trips(tracker.metrics("acc_1", "b")) == (1, 1)
        assert trips(tracker.metrics("acc_1", "a")) == (0, 0)
    shutil.rmtree(tmp_path / "recovery")
    with TradeTracker(tmp_path) as again:
        assert trips(again.metrics("acc_1", "b")) == (1, 1)


def test_a_strategy_whose_only_trade_was_busted_has_not_traded(tmp_path, fill):
    bust = fill("1b", 0, record_type="bust", original_trade_id="1")
    with TradeTracker(tmp_path) as tracker:
        heard = []
        tracker.subscribe(heard.append, to="metrics", every=0.0)
        tracker.record(fill("1", 0))
        tracker.record(bust)
        with pytest.raises(UnknownNameError, match="none yet"):
            tracker.metrics("acc_1", "trend")
    assert len(heard) == 1
    with TradeTracker(tmp_path) as again, pytest.raises(UnknownNameError):
        again.metrics("acc_1", "trend")


def test_who_lost_a_trade_to_another_strategy_is_told_of_too(tmp_path, fill):
    heard = []
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0), fill("2", 1, "sell"), fill("3", 2)])
        tracker.subscribe(heard.append, to="metrics", every=0.0)
        moved = fill("3c", 2, strategy_id="s2", record_type="correct", original_trade_id="3")
        tracker.record(moved)
    assert {summary.strategy_id for summary in heard} == {"trend", "s2"}


def test_every_strategy_is_told_of_though_the_listener_fails_on_the_first(tmp_path, fill):
    heard = []

    def listen(summary):
        heard.append(summary.strategy_id)
        if len(heard) == 1:
            raise RuntimeError("no room")

    with TradeTracker(tmp_path) as tracker:
        tracker.subscribe(listen, to="metrics", every=0.0)
        with pytest.raises(RuntimeError, match="no room"):
            tracker.record_many([fill(name, strategy_id=name) for name in "abc"])
    assert heard == ["a", "b", "c"]
