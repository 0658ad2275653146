"""Round trips of a history: their excursions come from the bars that were recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from perfkit.history import History
from perfkit.history.conversion import converted_trips
from perfkit.ledger import round_trips
from perfkit.records import Bar, Fill, Mark, to_table
from perfkit.tracker import TradeTracker
from tests.history.conftest import FILLS, START, Labeler


def test_a_trip_is_measured_by_the_bars_of_its_symbol(history):
    # AAA closed at 105 and 110 while trend held 10 from 100, and at 104 while revert held from 110
    trips = history.round_trips().set_index("strategy_id")
    assert trips["mfe"].to_dict() == {"trend": 100.0, "revert": 0.0}
    assert trips["mae"].to_dict() == {"trend": 0.0, "revert": -60.0}
    assert trips["end_trade_drawdown"].to_dict() == {"trend": 0.0, "revert": 60.0}


def test_highs_and_lows_that_were_recorded_count(tmp_path):
    days = [Bar(symbol="AAA", close_time=START, close=100.0)]
    later = START + timedelta(days=1)
    days.append(Bar(symbol="AAA", close_time=later, high=120.0, low=90.0, close=105.0))
    with TradeTracker(tmp_path, labeler=Labeler()) as tracker:
        tracker.record_bars(days)
        tracker.record_many(FILLS[:2])
    (trip,) = History(str(tmp_path)).round_trips().to_dict("records")
    assert (trip["mae"], trip["mfe"]) == (-100.0, 200.0)


def test_excursions_are_converted_as_all_money_of_a_trip_is():
    fills = to_table(FILLS[:2], Fill)
    at = START + timedelta(days=1)
    marks = to_table([Mark(symbol="AAA", time=at, price=95.0)], Mark)
    rates = to_table([Mark(symbol="EUR/USD", time=START, price=1.25)], Mark)
    trips = round_trips(fills, prices=marks).assign(currency="EUR")
    (trip,) = converted_trips(trips, rates, "USD").to_dict("records")
    assert (trip["mae"], trip["mfe"]) == pytest.approx((-62.5, 125.0))
    assert trip["total_efficiency"] == pytest.approx(10 / 15)
