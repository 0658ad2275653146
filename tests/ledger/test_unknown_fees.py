"""A fee in a third currency without a rate: unknown wherever it counts, and nowhere else."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.ledger import Ledger, daily_equity, round_trips
from tests.ledger import oracle
from tests.strategies import rich_histories

LAW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
METHODS = ["average", "fifo", "lifo", "hifo"]
OWNER = ["account_id", "strategy_id"]
BOOK = [*OWNER, "symbol"]
PRICES = {"ES": 9.0, "SAP": 9.0, "PWR": 9.0, "XBTUSD": 9.0, "ETH/USDT": 9.0}
RATES = {"EUR/USD": 1.1, "USD/USDT": 1.0, "XBT/USD": 40_000.0}


def without_rate(history):
    """Marks without those of the coin that third-currency fees are paid in."""
    return history.marks.filter(pc.not_equal(history.marks["symbol"], "BNB/USD"))


def unknown(fills):
    """Tell which fills paid such a fee."""
    return np.array(fills["fee_currency"].to_pylist(), object) == "BNB"


def rows(fills, names):
    """Give some columns as tuples."""
    return list(zip(*(fills[name].to_pylist() for name in names), strict=True))


@LAW
@given(history=rich_histories(min_size=1), method=st.sampled_from(METHODS))
def test_the_ledger_knows_nothing_that_the_oracle_does_not(history, method):
    fills, marks = history.intended, without_rate(history)
    ledger = Ledger(method, splits=history.splits, rates=marks)
    answer = ledger.apply(fills)
    found, _ = oracle.keep_books(method, fills, history.splits, marks)
    expected = [found[key] for key in rows(fills, ("account_id", "trade_id"))]
    for name in expected[0] if expected else ():
        assert answer[name].is_null().to_pylist() == [row[name] is None for row in expected]
    touched = {key for key, is_it in zip(rows(fills, BOOK), unknown(fills), strict=True) if is_it}
    for book in ledger.positions().to_dict("records"):
        assert math.isnan(book["fees"]) == (tuple(book[name] for name in BOOK) in touched)
        assert not math.isnan(book["realized_pnl"])
    for strategy in ledger.mark(PRICES | RATES, convert_to="USD"):
        is_touched = (strategy.account_id, strategy.strategy_id) in {key[:2] for key in touched}
        assert math.isnan(strategy.total_pnl) == math.isnan(strategy.fees) == is_touched
        assert strategy.unpriced == (("BNB",) if is_touched else ())
        assert math.isfinite(strategy.realized_pnl + strategy.unrealized_pnl)


@LAW
@given(history=rich_histories(min_size=1))
def test_a_day_is_unknown_when_such_a_fee_was_paid_on_it(history):
    fills, marks = history.intended, without_rate(history)
    equity = daily_equity(fills, marks, splits=history.splits, convert_to="USD")
    paid = fills.filter(pa.array(unknown(fills), pa.bool_()))
    days = {(*owner, time.date()) for *owner, time in rows(paid, (*OWNER, "execution_time"))}
    for row in equity.to_dict("records"):
        is_unknown = (row["account_id"], row["strategy_id"], row["day"].date()) in days
        assert math.isnan(row["fees"]) == math.isnan(row["pnl"]) == is_unknown
        assert math.isfinite(row["price_pnl"] + row["fx_pnl"] + row["realized_pnl"])


@LAW
@given(history=rich_histories(min_size=1))
def test_a_trip_is_unknown_when_such_a_fee_was_paid_in_it(history):
    fills, marks = history.intended, without_rate(history)
    trips = round_trips(fills, splits=history.splits, rates=marks)
    answer = Ledger(splits=history.splits, rates=marks).apply(fills)
    known = dict(
        zip(
            rows(fills, ("account_id", "trade_id")),
            answer["round_trip_pnl"].to_pylist(),
            strict=True,
        )
    )
    for trip in trips.to_dict("records"):
        pnl = known[trip["account_id"], trip["exit_trade_id"]]
        assert math.isnan(trip["pnl"]) == math.isnan(trip["fees"]) == (pnl is None)
        assert math.isfinite(trip["pnl_gross"])


def test_the_trip_after_it_is_known(fills):
    owed = {"commission": 1.0, "fee_currency": "BNB"}
    table = fills(
        (0, "buy", 1, 10.0), (1, "sell", 1, 11.0, owed), (2, "buy", 1, 10.0), (3, "sell", 1, 13.0),
        currency="USD",
    )  # fmt: skip
    answer = Ledger().apply(table)
    assert answer["round_trip_pnl"].to_pylist() == [None, None, None, 3.0]
    assert answer["cumulative_pnl"].to_pylist() == [0.0, None, None, None]
    assert round_trips(table)["pnl"].tolist() == pytest.approx([math.nan, 3.0], nan_ok=True)
