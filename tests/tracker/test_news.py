"""News beside the trades: recorded once, shown to the market, and there again on opening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.errors import (
    ConflictError,
    InvalidArgumentError,
    InvalidTableError,
    SchemaError,
    StoreError,
)
from perfkit.market import MarketState
from perfkit.records import NewsEvent, to_table
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
# the fills of conftest.py begin here
BEGIN = datetime(2024, 1, 2, 15, tzinfo=UTC)


def event(event_id="fomc", minutes=0.0, **fields):
    values = {"known_at": NOON, "importance": "high"} | fields
    return NewsEvent(event_id=event_id, event_time=BEGIN + timedelta(minutes=minutes), **values)


@pytest.fixture
def tracker(tmp_path, clock):
    with TradeTracker(tmp_path, account="acc_1", strategy="trend", clock=clock) as tracker:
        yield tracker


def context_of(tracker, trade_id):
    rows = tracker.store.read("trades", columns=["trade_id", "market_context"]).to_pylist()
    return next(row["market_context"] for row in rows if row["trade_id"] == trade_id)


def test_news_is_durable_stamped_and_in_order_of_time(tracker, tmp_path, clock):
    receipt = tracker.record_news([event("b", 10), event("a", -10), event("c", 20)])
    assert (receipt.accepted, receipt.duplicates) == (3, ())
    assert (receipt.first_sequence, receipt.last_sequence) == (1, 3)
    found = TradeStore(tmp_path).read("news").to_pylist()
    assert [row["event_id"] for row in found] == ["a", "b", "c"]
    assert {row["recorded_at"] for row in found} == {clock()}


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_trade_is_described_by_the_news_that_was_recorded_before(
    tracker, tmp_path, fill, is_restarted
):
    tracker.record(fill("before"))
    tracker.record_news([event("fomc", 20), event("other", 5, symbol="GOLD")])
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path)
    tracker.record_many([fill("near", 0.05), fill("far", 2), fill("early", -4)])
    before, near = context_of(tracker, "before"), context_of(tracker, "near")
    assert (before["news_event"], before["news_reason"]) == (None, "no_events")
    # the fill is three minutes after 15:00, the event twenty
    assert (near["news_event"], near["news_id"], near["news_minutes"]) == (True, "fomc", -17.0)
    assert context_of(tracker, "far")["news_event"] is False
    early = context_of(tracker, "early")  # at 11:00, before anyone knew
    assert (early["news_event"], early["news_reason"]) == (None, "no_events")
    tracker.close()


def test_a_moved_event_is_another_row_and_both_are_there_again(tracker, tmp_path, fill):
    moved = event("fomc", 120, known_at=BEGIN)
    tracker.record_news([event("fomc", 5)])
    assert tracker.record_news([event("fomc", 5), moved]).duplicates == ("fomc",)
    tracker.close()
    with TradeTracker(tmp_path) as again:
        again.record_many([fill("1", -0.05), fill("2", 0.05), fill("3", 1.9)])
        news = [context_of(again, trade)["news_minutes"] for trade in ("1", "2", "3")]
    assert news[1] is None
    np.testing.assert_allclose([news[0], news[2]], [-8.0, -6.0])


@pytest.mark.parametrize("shape", ["table", "frame", "records"])
def test_news_comes_as_records_do(tracker, shape):
    rows = [event("a"), event("b", 1)]
    if shape == "table":
        rows = to_table(rows, NewsEvent).drop_columns(["title", "symbol"])
    elif shape == "frame":
        rows = pd.DataFrame(
            {
                "event_id": ["a", "b"],
                "event_time": pd.to_datetime([BEGIN, BEGIN]),
                "known_at": pd.to_datetime([NOON, NOON]),
            }
        )
    assert tracker.record_news(rows).accepted == 2


@pytest.mark.parametrize("is_restarted", [False, True])
def test_news_is_recorded_once(tracker, tmp_path, is_restarted):
    first = tracker.record_news([event("a"), event("b", 1)])
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path)
    receipt = tracker.record_news([event("b", 1), event("c", 2), event("c", 2)])
    assert (receipt.accepted, receipt.duplicates) == (1, ("b", "c"))
    receipt = tracker.record_news([event("a")])
    assert (receipt.accepted, receipt.duplicates) == (0, ("a",))
    assert receipt.sequence == first.first_sequence
    assert tracker.store.read("news").num_rows == 3
    assert tracker.record_news([]).accepted == 0
    tracker.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"importance": "low"}, "importance was 'high' and is now 'low'"),
        ({"symbol": "SPY"}, "symbol was None and is now 'SPY'"),
        ({"minutes": 1}, r"event_time was 2024-01-02 15:00.* and is now 2024-01-02 15:01"),
    ],
)
@pytest.mark.parametrize("market", [True, False])
def test_what_was_known_is_never_changed(tmp_path, change, message, market):
    with TradeTracker(tmp_path, market=MarketState() if market else None) as tracker:
        tracker.record_news([event()])
        with pytest.raises(ConflictError, match=rf"'fomc', known_at 2024-01-02 12:00.*{message}"):
            tracker.record_news([event("new"), event(**change)])
        assert tracker.store.read("news")["event_id"].to_pylist() == ["fomc"]
        assert tracker.record_news([event("new")]).accepted == 1


def test_news_that_does_not_say_when_it_was_known_is_refused_with_the_reason(tracker):
    rows = to_table([event()], NewsEvent)
    frame = pd.DataFrame({"event_id": ["a"], "event_time": pd.to_datetime([BEGIN])})
    for given in (rows.drop_columns("known_at"), frame):
        with pytest.raises(SchemaError, match=r"'known_at'.*day its schedule was published"):
            tracker.record_news(given)
    place = rows.column_names.index("known_at")
    nothing = pa.nulls(1, pa.timestamp("us", "UTC"))
    with pytest.raises(InvalidTableError, match="known_at must be given, was None; say from when"):
        tracker.record_news(rows.set_column(place, "known_at", nothing))
    with pytest.raises(InvalidArgumentError, match="give a list"):
        tracker.record_news(event())
    assert tracker.store.read("news").num_rows == 0


def test_news_that_the_market_refuses_is_not_recorded(tmp_path):
    class Closed(MarketState):
        def on_news(self, events):
            if events.num_rows:
                raise InvalidArgumentError("closed")
            return super().on_news(events)

    with TradeTracker(tmp_path, market=Closed()) as tracker:
        with pytest.raises(InvalidArgumentError, match="closed"):
            tracker.record_news([event()])
        assert tracker.store.read("news").num_rows == 0


def test_news_is_kept_for_readers_of_what_was_known(tmp_path):
    times = iter([NOON, NOON + timedelta(days=1)])
    with TradeTracker(tmp_path, clock=lambda: next(times)) as tracker:
        tracker.record_news([event("first")])
        tracker.record_news([event("second")])
        then = tracker.store.as_of(NOON + timedelta(hours=1))
    assert then.read("news")["event_id"].to_pylist() == ["first"]
    assert TradeStore(tmp_path).read("news").num_rows == 2


def test_a_closed_tracker_takes_no_news(tmp_path):
    tracker = TradeTracker(tmp_path)
    tracker.close()
    with pytest.raises(StoreError, match="the tracker is closed"):
        tracker.record_news([event()])
