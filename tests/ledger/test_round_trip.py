"""Round trips: what one is in each grouping, and what it carries."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.ledger import round_trips

COLUMNS = [
    *("account_id", "strategy_id", "symbol", "direction", "entry_time", "exit_time"),
    *("entry_price", "exit_price", "volume", "pnl_gross", "fees", "pnl", "return_", "holding"),
    *("entry_trade_id", "exit_trade_id", "fills", "multiplier", "max_volume"),
    *("currency", "exit_reason", "slippage", "risk", "r_multiple"),
    *("mae", "mfe", "end_trade_drawdown"),
    *("entry_efficiency", "exit_efficiency", "total_efficiency", "excursion_reason"),
]


@pytest.fixture
def scaled_in_and_out(fills):
    return fills(
        (0, "buy", 10, 100.0),
        (1, "buy", 10, 110.0),
        (2, "sell", 5, 120.0),
        (3, "sell", 15, 130.0),
        commission=2.0,
    )


def test_a_trip_from_flat_to_flat_has_its_average_prices_and_all_fees(scaled_in_and_out):
    trips = round_trips(scaled_in_and_out)
    assert list(trips.columns) == COLUMNS
    (trip,) = trips.to_dict("records")
    assert (trip["entry_price"], trip["exit_price"], trip["volume"]) == (105.0, 127.5, 20.0)
    assert (trip["pnl_gross"], trip["fees"], trip["pnl"]) == (450.0, 8.0, 442.0)
    assert trip["return_"] == pytest.approx(442 / 2100)
    assert trip["holding"] == pd.Timedelta(days=3)
    assert (trip["entry_trade_id"], trip["exit_trade_id"], trip["fills"]) == ("T0", "T3", 4)


def test_a_reducing_fill_is_a_trip_at_the_average(scaled_in_and_out):
    trips = round_trips(scaled_in_and_out, grouping="flat_to_reduced")
    assert trips["entry_price"].tolist() == [105.0, 105.0]
    assert trips["pnl_gross"].tolist() == [75.0, 375.0]
    assert trips["fees"].tolist() == pytest.approx([1.0 + 2.0, 3.0 + 2.0])
    assert trips["entry_trade_id"].tolist() == ["T0", "T0"]
    assert trips["fills"].tolist() == [3, 3]


def test_a_reducing_fill_is_a_trip_at_its_lots(scaled_in_and_out):
    trips = round_trips(scaled_in_and_out, method="fifo", grouping="flat_to_reduced")
    assert trips["entry_price"].tolist() == pytest.approx([100.0, (5 * 100 + 10 * 110) / 15])
    assert trips["pnl_gross"].tolist() == [100.0, 350.0]
    assert trips["fills"].tolist() == [2, 3]


def test_each_pair_of_entry_and_exit_is_a_trip(scaled_in_and_out):
    trips = round_trips(scaled_in_and_out, method="fifo", grouping="fill_to_fill")
    assert trips["volume"].tolist() == [5.0, 5.0, 10.0]
    assert trips["entry_trade_id"].tolist() == ["T0", "T0", "T1"]
    assert trips["exit_trade_id"].tolist() == ["T2", "T3", "T3"]
    assert trips["fees"].sum() == pytest.approx(8.0)


def test_what_is_still_open_is_no_trip(fills):
    assert round_trips(fills((0, "buy", 10, 100.0), (1, "sell", 4, 110.0))).empty


@pytest.mark.parametrize("grouping", ["flat_to_flat", "fill_to_fill", "flat_to_reduced"])
def test_no_fills_make_no_trips_of_the_same_types(fills, scaled_in_and_out, grouping):
    empty = round_trips(fills(), method="fifo", grouping=grouping)
    full = round_trips(scaled_in_and_out, method="fifo", grouping=grouping)
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_times_are_in_utc_and_trips_in_order_of_their_exits(fills):
    table = fills(
        (0, "buy", 1, 1.0, {"symbol": "B"}),
        (1, "sell", 1, 1.0, {"symbol": "A"}),
        (2, "buy", 1, 1.0, {"symbol": "A"}),
        (3, "sell", 1, 1.0, {"symbol": "B"}),
    )
    trips = round_trips(table)
    assert trips["symbol"].tolist() == ["A", "B"]
    assert trips["direction"].tolist() == ["short", "long"]
    assert str(trips["exit_time"].dtype) == "datetime64[us, UTC]"


def test_rows_need_not_be_in_order(scaled_in_and_out):
    shuffled = scaled_in_and_out.take([3, 1, 0, 2])
    pd.testing.assert_frame_equal(round_trips(shuffled), round_trips(scaled_in_and_out))


def test_a_return_on_a_negative_price_is_undefined(fills):
    trips = round_trips(fills((0, "buy", 1, -10.0), (1, "sell", 1, -5.0)))
    assert trips["pnl"].tolist() == [5.0]
    assert np.isnan(trips["return_"]).all()


def test_rounding_leaves_no_dust_to_match(fills):
    buys = [(n, "buy", 0.1, 10.0) for n in range(3)]
    table = fills(
        *buys,
        (3, "sell", 0.3, 11.0),
        (4, "buy", 0.3, 10.0),
        (5, "sell", 0.1, 11.0),
        (6, "sell", 0.2, 11.0),
    )
    trips = round_trips(table, method="fifo", grouping="fill_to_fill")
    assert trips["volume"].tolist() == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.2])
    assert len(round_trips(table)) == 2


def test_the_largest_position_of_a_trip_is_not_the_sum_of_its_entries(fills):
    table = fills(
        (0, "buy", 10, 100.0),
        (1, "sell", 8, 100.0),
        (2, "buy", 8, 100.0),
        (3, "sell", 25, 100.0),  # turns to a short of 15
        (4, "buy", 15, 100.0),
        multiplier=50.0,
    )
    trips = round_trips(table)
    assert trips["volume"].tolist() == [18.0, 15.0]
    assert trips["max_volume"].tolist() == [10.0, 15.0]
    assert trips["multiplier"].tolist() == [50.0, 50.0]
