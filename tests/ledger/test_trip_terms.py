"""What a trip cost against a reference price, and what it made of what it had risked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from perfkit.ledger import round_trips


def only(trips):
    (trip,) = trips.to_dict("records")
    return trip


# --- R-multiples of a trade journal (TradeTally, Apache-2.0): its risk is |entry - stop| x units


@pytest.fixture(scope="module")
def r_values(shared_data):
    path = shared_data / "calc" / "tradetally_calculation_contracts.json"
    return json.loads(path.read_text(encoding="utf-8"))["r_value"]


@pytest.fixture
def trade(fills):
    """Give the trip of one of its trades, left at the given (units, price)."""

    def build(given, *exits, cost=0.0, multiplier=1.0):
        first, last = ("buy", "sell") if given["side"] == "long" else ("sell", "buy")
        stop = {"stop_price": float(given["stop_loss"])}
        rows = [(0, first, float(given["quantity"]), float(given["entry_price"]), stop)]
        rows += [(n, last, float(v), float(p)) for n, (v, p) in enumerate(exits, start=1)]
        rows[-1] = (*rows[-1], {"commission": cost})
        return only(round_trips(fills(*rows, multiplier=multiplier)))

    return build


def test_every_r_case_is_compared(r_values):
    assert set(r_values) == {
        "documented_weighted_target_example",
        "legacy_stock_typed_future_example",
        "dollar_default_explicit_stop_example",
    }


def test_a_trip_that_leaves_at_all_its_targets_makes_the_weighted_target_r(r_values, trade):
    case = r_values["documented_weighted_target_example"]
    targets = [(t["shares"], t["price"]) for t in case["trade"]["take_profit_targets"]]
    trip = trade(case["trade"], *targets)
    assert trip["risk"] == case["risk"] * case["trade"]["quantity"]
    assert trip["r_multiple"] == pytest.approx(case["expected_weighted_target_r"])


def test_the_risk_of_a_contract_has_its_size(r_values, trade):
    case = r_values["legacy_stock_typed_future_example"]
    # a point of the Micro E-mini Nasdaq is 2 dollars, whatever the type of the instrument says
    given = case["trade"]
    trip = trade(given, (given["quantity"], given["exit_price"]), multiplier=2.0)
    assert trip["risk"] == case["expected_risk_amount"]
    assert trip["r_multiple"] == case["expected_r_value"]


def test_an_explicit_stop_is_the_risk_and_the_result_is_net(r_values, trade):
    case = r_values["dollar_default_explicit_stop_example"]
    given, expected = case["trade"], case["expected"]
    gross = (given["exit_price"] - given["entry_price"]) * given["quantity"]
    trip = trade(given, (given["quantity"], given["exit_price"]), cost=gross - given["pnl"])
    assert trip["pnl"] == pytest.approx(given["pnl"])
    assert trip["risk"] == pytest.approx(expected["risk_amount"])
    assert trip["risk"] / given["quantity"] == pytest.approx(expected["risk_per_share"])
    # it shows two decimals
    assert round(trip["r_multiple"], 2) == expected["actual_r"] == expected["dashboard_r"]
    target = trade(given, (given["quantity"], given["take_profit"]))
    assert target["r_multiple"] == pytest.approx(expected["target_r"])


# --- by hand


def stop(price):
    return {"stop_price": price}


def reference(price):
    return {"reference_price": price}


def test_each_entry_risks_its_own_units_to_its_own_stop(fills):
    # 10 x (100 - 95) + 20 x (104 - 100) = 130 at risk; 30 x 110 - 3080 = 220 made, 4 of it fees
    table = fills(
        (0, "buy", 10, 100.0, stop(95.0)),
        (1, "buy", 20, 104.0, stop(100.0)),
        (2, "sell", 30, 110.0, {"commission": 4.0}),
    )
    trip = only(round_trips(table))
    assert (trip["risk"], trip["r_multiple"]) == (130.0, pytest.approx(216 / 130))


def test_an_exit_has_the_risk_of_what_it_closed(fills):
    table = fills(
        (0, "buy", 10, 100.0, stop(95.0)),
        (1, "buy", 10, 104.0, stop(101.0)),
        (2, "sell", 5, 110.0),
        (3, "sell", 15, 110.0),
    )

    def risk(method, grouping):
        return round_trips(table, method=method, grouping=grouping)["risk"].tolist()

    assert risk("average", "flat_to_reduced") == [5 * 4.0, 15 * 4.0]
    assert risk("fifo", "flat_to_reduced") == [5 * 5.0, 5 * 5.0 + 10 * 3.0]
    assert risk("fifo", "fill_to_fill") == [5 * 5.0, 5 * 5.0, 10 * 3.0]
    assert risk("lifo", "fill_to_fill") == [5 * 3.0, 5 * 3.0, 10 * 5.0]


@pytest.mark.parametrize("stops", [({}, {}), (stop(95.0), {}), (stop(95.0), stop(104.0))])
def test_a_risk_that_is_not_known_of_every_entry_is_not_made_up(fills, stops):
    # a stop at or beyond the price of its entry limits nothing
    table = fills(
        (0, "buy", 1, 100.0, stops[0]), (1, "buy", 1, 104.0, stops[1]), (2, "sell", 2, 99.0)
    )
    trip = only(round_trips(table))
    assert np.isnan([trip["risk"], trip["r_multiple"]]).all()


def test_a_stop_that_an_exit_names_is_no_risk(fills):
    table = fills((0, "buy", 1, 100.0, stop(90.0)), (1, "sell", 1, 90.0, stop(90.0)))
    trip = only(round_trips(table))
    assert (trip["risk"], trip["r_multiple"]) == (10.0, -1.0)


def test_paying_above_and_getting_below_the_reference_is_a_cost(fills):
    # bought 10 at 100.2 for 100.0, sold at 109.9 for 110.0: 2 + 1
    table = fills((0, "buy", 10, 100.2, reference(100.0)), (1, "sell", 10, 109.9, reference(110.0)))
    assert only(round_trips(table))["slippage"] == pytest.approx(3.0)
    # a short one that sold 0.5 above and covered 0.1 below gained 6
    table = fills((0, "sell", 10, 100.5, reference(100.0)), (1, "buy", 10, 89.9, reference(90.0)))
    assert only(round_trips(table))["slippage"] == pytest.approx(-6.0)


def test_slippage_has_the_contract_size_and_goes_with_quantity(fills):
    table = fills(
        (0, "buy", 10, 101.0, reference(100.0)),
        (1, "sell", 4, 109.0, reference(110.0)),
        (2, "sell", 6, 110.0, reference(110.0)),
        multiplier=50.0,
    )
    for method in ("average", "fifo"):
        trips = round_trips(table, method=method, grouping="flat_to_reduced")
        assert trips["slippage"].tolist() == [50.0 * (4 + 4), 50.0 * 6]
    assert only(round_trips(table))["slippage"] == 50.0 * 14


def test_slippage_is_not_known_where_a_fill_has_no_reference(fills):
    table = fills((0, "buy", 1, 101.0, reference(100.0)), (1, "sell", 1, 109.0))
    assert np.isnan(only(round_trips(table))["slippage"])


def test_both_trips_of_a_flip_have_their_own_terms(fills):
    table = fills(
        (0, "buy", 10, 100.0, stop(98.0) | reference(100.0)),
        (1, "sell", 15, 103.0, stop(105.0) | reference(104.0)),
        (2, "buy", 5, 101.0, reference(101.0)),
    )
    trips = round_trips(table)
    assert trips["risk"].tolist() == [20.0, 10.0]
    assert trips["r_multiple"].tolist() == [1.5, 1.0]
    assert trips["slippage"].tolist() == [10.0, 5.0]


def test_a_split_leaves_risk_and_slippage_the_money_they_were(fills, splits):
    # 10 at 400 with a stop at 380 risk 200; 40 sold at 99 for 100 cost 40
    table = fills(
        (0, "buy", 10, 400.0, stop(380.0) | reference(399.0)),
        (2, "sell", 40, 99.0, reference(100.0)),
    )
    trip = only(round_trips(table, splits=splits((1, 4.0))))
    assert (trip["risk"], trip["slippage"], trip["r_multiple"]) == (200.0, 50.0, -0.2)


def test_an_inverse_contract_risks_its_coin(fills):
    # 100 contracts of 1 USD from 50,000 with a stop at 40,000: 100 / 40,000 - 100 / 50,000
    table = fills(
        (0, "buy", 100, 50_000.0, stop(40_000.0)),
        (1, "sell", 100, 62_500.0),
        contract="inverse",
        base_currency="BTC",
    )
    trip = only(round_trips(table))
    assert (trip["risk"], trip["pnl"]) == (pytest.approx(0.0005), pytest.approx(0.0004))
    assert trip["r_multiple"] == pytest.approx(0.8)


def test_a_fee_on_next_to_nothing_is_that_fee(fills):
    table = fills((0, "buy", 1e-300, 5.0, {"commission": 1e18}), (1, "sell", 1e-300, 5.0))
    assert only(round_trips(table))["pnl"] == -1e18
