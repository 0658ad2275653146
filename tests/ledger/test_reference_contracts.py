"""The books against the calculation contracts of a trade journal (TradeTally, Apache-2.0).

Its conventions: commission and fees stand apart, a cost is positive in both, and both are
ours as one commission. An execution is a fill, or a whole pair of entry and exit, whose
costs we put on its exit. A percentage is the net P&L over the entry value. Costs of the
trade itself are a fallback for executions without any, and there is none here. A trade
breaks even when its gross P&L is 0, while we count it net.
"""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from perfkit.ledger import Ledger, round_trips
from perfkit.metrics import Tally, win_rate
from perfkit.records import Fill, to_table

ENGINE = (
    "stock_long_round_trip",
    "stock_short_round_trip",
    "option_contract_multiplier",
    "short_option_expired_worthless",
    "future_point_value",
    "fifo_partial_exits",
    "grouped_executions",
    "ibkr_double_recorded_cost",
)
CHART = (
    "chart_stock_long_measurement",
    "chart_stock_short_measurement",
    "chart_future_point_value_measurement",
)


@pytest.fixture(scope="module")
def contracts(shared_data):
    path = shared_data / "calc" / "tradetally_calculation_contracts.json"
    return json.loads(path.read_text(encoding="utf-8"))


def fills_of(given):
    """Its executions as fills, in order of time."""
    rows = []
    for execution in given["executions"]:
        rows += pair(execution, given["side"]) if "entryPrice" in execution else [single(execution)]
    rows.sort(key=lambda row: row["execution_time"])
    multiplier = given.get("contractSize", given.get("pointValue", 1))
    common = {"account_id": "main", "strategy_id": "trend", "symbol": "X"}
    records = [
        Fill(trade_id=f"T{n}", multiplier=float(multiplier), **common, **row)
        for n, row in enumerate(rows)
    ]
    return to_table(records, Fill)


def single(execution):
    return {
        "execution_time": datetime.fromisoformat(execution["datetime"]),
        "side": execution["action"],
        "volume": float(execution["quantity"]),
        "price": float(execution["price"]),
        "commission": float(execution.get("commission", 0) + execution["fees"]),
    }


def pair(execution, side):
    entry, leave = ("buy", "sell") if side == "long" else ("sell", "buy")
    volume = float(execution["quantity"])
    costs = float(execution["commission"] + execution["fees"])
    return [
        {"execution_time": datetime.fromisoformat(execution["entryTime"]), "side": entry,
         "volume": volume, "price": float(execution["entryPrice"]), "commission": 0.0},
        {"execution_time": datetime.fromisoformat(execution["exitTime"]), "side": leave,
         "volume": volume, "price": float(execution["exitPrice"]), "commission": costs},
    ]  # fmt: skip


def test_every_case_is_compared(contracts):
    assert tuple(case["id"] for case in contracts["pnl_engine_cases"]) == ENGINE
    assert tuple(case["id"] for case in contracts["chart_pnl_measurement_cases"]) == CHART


@pytest.mark.parametrize("name", ENGINE)
def test_a_position_from_flat_to_flat_adds_up(contracts, name):
    (case,) = (case for case in contracts["pnl_engine_cases"] if case["id"] == name)
    expected = case["expected"]["aggregate"]
    fills = fills_of(case["input"])
    (trip,) = round_trips(fills).to_dict("records")
    assert trip["direction"] == case["input"]["side"]
    for ours, theirs in (("entry_price",) * 2, ("exit_price",) * 2, ("volume", "quantity")):
        assert trip[ours] == pytest.approx(expected[theirs], abs=1e-9)
    assert trip["fees"] == pytest.approx(expected["commission"] + expected["fees"], abs=1e-9)
    assert trip["pnl"] == pytest.approx(expected["pnl"], abs=1e-9)
    assert trip["return_"] * 100 == pytest.approx(expected["pnl_percent"], abs=1e-9)
    ledger = Ledger()
    ledger.apply(fills)
    assert expected["is_fully_closed"] == (ledger.positions()["position"] == 0.0).all()


@pytest.mark.parametrize("name", ENGINE)
def test_each_exit_realises_what_it_closed_first_in_first_out(contracts, name):
    (case,) = (case for case in contracts["pnl_engine_cases"] if case["id"] == name)
    trips = round_trips(fills_of(case["input"]), method="fifo", grouping="flat_to_reduced")
    for column, theirs in (("pnl", "realized_pnl"), ("pnl_gross", "gross_realized_pnl")):
        if theirs in case["expected"]:  # not every case says the gross
            wanted = [value for value in case["expected"][theirs] if value is not None]
            assert trips[column].tolist() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("name", CHART)
def test_a_measured_move_is_worth_what_a_trip_would_make(contracts, fills, name):
    (case,) = (case for case in contracts["chart_pnl_measurement_cases"] if case["id"] == name)
    given, expected = case["input"], case["expected"]
    first, last = ("buy", "sell") if given["side"] == "long" else ("sell", "buy")
    table = fills(
        (0, first, float(given["quantity"]), float(given["entry_price"])),
        (1, last, float(given["quantity"]), float(given["exit_price"])),
        multiplier=float(given.get("point_value", 1)),
    )
    (trip,) = round_trips(table).to_dict("records")
    sign = 1.0 if given["side"] == "long" else -1.0
    assert sign * (trip["exit_price"] - trip["entry_price"]) == expected["price_change"]
    basis = trip["entry_price"] * trip["volume"] * trip["multiplier"]
    assert basis == expected["position_basis"]
    assert trip["pnl"] == expected["dollar_pnl"]
    assert trip["return_"] * 100 == pytest.approx(expected["pnl_percent"], abs=1e-9)


def test_a_summary_counts_the_same_trades(contracts):
    trades, expected = (contracts["analytics_summary"][n] for n in ("trades", "expected"))
    net = Tally.of([trade["pnl"] for trade in trades])
    gross = Tally.of([t["pnl"] + t["commission"] + t["fees"] for t in trades])
    assert (gross.n, gross.wins, gross.losses) == (
        expected["total_trades"], expected["winning_trades"], expected["losing_trades"],
    )  # fmt: skip
    assert gross.n - gross.wins - gross.losses == expected["breakeven_trades"]
    assert net.total == pytest.approx(expected["total_pnl"])
    assert gross.total == pytest.approx(expected["total_gross_pnl"])
    assert gross.total - net.total == pytest.approx(expected["total_costs"])
    assert win_rate(net) * 100 == pytest.approx(expected["win_rate"])
    decided = gross.wins / (gross.wins + gross.losses)
    assert decided * 100 == expected["win_rate_excluding_breakeven"]
    assert net.losses == 1  # the trade that broke even before its costs
