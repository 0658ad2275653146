"""Late fills, corrections and busts: recorded as of now, as if all had come in order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from perfkit.errors import ConflictError, UnknownNameError
from perfkit.labels import LabelGenerator
from perfkit.ledger import Ledger
from perfkit.market import MarketState
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker
from tests.strategies import fill_tables

BOOKS = ("pnl", "position", "average_price", "round_trip_pnl")


def trades(history):
    return {row["trade_id"]: row for row in TradeStore(history).read().to_pylist()}


def test_a_late_fill_is_answered_as_if_it_had_come_in_time(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0, "buy", 50.0), fill("3", 2, "sell", 60.0, 50.0)])
        tracker.record(fill("2", 1, "buy", 70.0, 100.0, commission=1.0))
        tracker.record(fill("4", 3, "sell", 60.0, 150.0))
    found = trades(tmp_path)
    assert found["3"]["pnl"] == 500.0  # as it was known then; a fact is not rewritten
    assert (found["2"]["position"], found["2"]["average_price"]) == (200.0, 60.0)
    assert (found["2"]["pnl"], found["2"]["cumulative_pnl"]) == (-1.0, -1.0)
    # after it the average is 60: selling 50 and 150 at 60 makes nothing
    assert (found["4"]["pnl"], found["4"]["cumulative_pnl"]) == (0.0, -1.0)
    assert found["4"]["account_state"]["position_before"] == 150.0
    assert list(found) == ["1", "2", "3", "4"]


def test_a_late_fill_in_a_batch_leaves_the_others_right(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("2", 2, "buy", 60.0))
        tracker.record_many(
            [fill("3", 3, "sell", 80.0, 200.0), fill("1", 1, "buy", 40.0), fill("x", 0, symbol="X")]
        )
    found = trades(tmp_path)
    assert found["3"]["pnl"] == (80.0 - 50.0) * 200
    assert found["3"]["round_trip_pnl"] == 6000.0
    assert found["x"]["position"] == 100.0


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fill_tables(min_size=2, max_size=12))
def test_in_any_order_the_books_end_as_in_one_batch(tmp_path_factory, fills):
    """Fills come backwards, one by one; the next fill of each book finds them in order."""
    history = tmp_path_factory.mktemp("history")
    seen = fills.sort_by([("execution_time", "ascending")])
    times = seen["execution_time"].to_pylist()
    with TradeTracker(history) as tracker:
        for row in reversed(range(seen.num_rows)):
            tracker.record_many(seen.slice(row, 1))
        held = tracker.recording.memory.books.ledger.positions().set_index(
            ["account_id", "strategy_id", "symbol"]
        )
    if len(set(times)) < len(times):
        return  # at equal times the order of arrival counts, and it was turned around
    expected = Ledger()
    expected.apply(seen)
    right = expected.positions().set_index(["account_id", "strategy_id", "symbol"])
    for name in ("position", "realized_pnl", "fees"):
        assert held[name].sort_index().to_list() == pytest.approx(
            right[name].sort_index().to_list(), rel=1e-9, abs=1e-9
        )


def test_a_correction_counts_instead_of_its_original(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0, "buy", 50.0), fill("2", 1, "sell", 60.0, 40.0)])
        corrected = fill("1c", 0, "buy", 55.0, record_type="correct", original_trade_id="1")
        receipt = tracker.record(corrected)
        assert receipt.accepted == 1
        tracker.record(fill("3", 2, "sell", 60.0, 60.0))
        assert tracker.record(corrected).duplicates == ("1c",)
    found = trades(tmp_path)
    assert (found["1c"]["price"], found["1c"]["average_price"]) == (55.0, 55.0)
    assert (found["1c"]["record_type"], found["1c"]["original_trade_id"]) == ("correct", "1")
    assert (found["1"]["price"], found["2"]["pnl"]) == (50.0, 400.0)
    assert (found["3"]["pnl"], found["3"]["cumulative_pnl"]) == (300.0, 500.0)
    assert found["3"]["position"] == 0.0


def test_a_correction_of_a_correction_finds_the_first_record(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1", 0, "buy", 50.0))
        tracker.record(fill("1c", 0, price=55.0, record_type="correct", original_trade_id="1"))
        tracker.record(fill("1d", 0, price=58.0, record_type="correct", original_trade_id="1c"))
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("2", 1, "sell", 60.0))
    found = trades(tmp_path)
    assert found["1d"]["average_price"] == 58.0
    assert found["2"]["pnl"] == 200.0


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("is_labelled", [False, True])
def test_a_bust_takes_its_trade_out_of_the_books(tmp_path, fill, is_restarted, is_labelled):
    roles = {"market": MarketState(), "labeler": LabelGenerator()} if is_labelled else {}
    bust = fill("2b", 1, "buy", 70.0, record_type="bust", original_trade_id="2")
    tracker = TradeTracker(tmp_path, **roles)
    tracker.record_many([fill("1", 0, "buy", 50.0), fill("2", 1, "buy", 70.0)])
    tracker.record(bust)
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path, **roles)
    tracker.record(fill("3", 2, "sell", 60.0))
    tracker.close()
    found = trades(tmp_path)
    assert [found["2b"][name] for name in BOOKS] == [None] * 4
    assert (found["2b"]["labels"], found["2b"]["market_context"]) == ([], None)
    assert (found["3"]["pnl"], found["3"]["position"]) == (1000.0, 0.0)


def test_a_trade_may_come_with_its_bust(tmp_path, fill):
    bust = fill("1b", 1, record_type="bust", original_trade_id="1")
    with TradeTracker(tmp_path) as tracker:
        assert tracker.record_many([fill("1"), bust, fill("2", 2)]).accepted == 3
    found = trades(tmp_path)
    assert [found[name]["position"] for name in ("1", "1b", "2")] == [None, None, 100.0]


def test_a_correction_of_an_unknown_trade_is_refused_and_nothing_is_recorded(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1"))
        unknown = fill("9c", 1, record_type="correct", original_trade_id="9")
        with pytest.raises(
            UnknownNameError, match=r"original_trade_id must name a recorded trade.*'9'"
        ):
            tracker.record_many([fill("2", 1), unknown], atomic=True)
        assert list(trades(tmp_path)) == ["1"]
        tracker.record(fill("2", 1))
    assert trades(tmp_path)["2"]["position"] == 200.0


def test_a_changed_fact_is_a_conflict_and_not_a_correction(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1"))
        with pytest.raises(ConflictError, match="a correction record_type='correct'"):
            tracker.record(fill("1", 0, "buy", 55.0))


def test_of_several_corrections_in_one_batch_the_last_given_counts(tmp_path, fill):
    later = {"record_type": "correct", "original_trade_id": "1"}
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(
            [
                fill("A", 3, "buy", 70.0, **later),  # moved to a later time, then busted
                fill("B", 0, "buy", 50.0, **later | {"record_type": "bust"}),
                fill("1", 0, "buy", 50.0),
                fill("2", 1, "buy", 60.0),
            ]
        )
        tracker.record(fill("3", 4, "sell", 65.0))
    found = trades(tmp_path)
    assert [found[t]["position"] for t in ("1", "2", "3")] == [None, 100.0, 0.0]
    assert found["3"]["pnl"] == 500.0
