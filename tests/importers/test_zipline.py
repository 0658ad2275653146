"""zipline: transactions of a run and the commissions of its orders."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests.zipline import read_zipline

DAYS = pd.DatetimeIndex(["2024-01-02 21:00", "2024-01-03 21:00"], tz="UTC")


class Asset:
    """An asset as zipline has it: its text is not its symbol."""

    def __init__(self, symbol, price_multiplier=1.0):
        self.symbol = symbol
        self.price_multiplier = price_multiplier

    def __repr__(self):
        return f"Equity(8554 [{self.symbol}])"


def _transaction(amount, price, day=0, order="o1", **changes):
    row = {
        "amount": amount,
        "dt": DAYS[day],
        "price": price,
        "order_id": order,
        "sid": Asset("SPY"),
        "commission": None,
    }
    return {**row, **changes}


def _order(filled, commission, order="o1"):
    return {"id": order, "filled": filled, "commission": commission, "status": 1}


def _perf(transactions, orders=None):
    columns = {"transactions": transactions, "portfolio_value": [1e5] * len(transactions)}
    if orders is not None:
        columns["orders"] = orders
    return pd.DataFrame(columns, index=DAYS[: len(transactions)])


def _read(source):
    return read_zipline(source, account="A1", strategy="momentum")


def test_transactions_of_all_days_are_fills():
    result = _read(_perf([[_transaction(10, 5.0)], [_transaction(-4, 6.0, day=1)]]))
    assert (result.read, result.recorded) == (2, 2)
    assert result.fills["side"].to_pylist() == ["buy", "sell"]
    assert result.fills["volume"].to_pylist() == [10.0, 4.0]
    assert result.fills["symbol"].to_pylist() == ["SPY", "SPY"]


def test_an_order_s_commission_is_divided_by_quantity():
    # the order is there on both days; what counts is its last state
    perf = _perf(
        [[_transaction(10, 5.0)], [_transaction(30, 6.0, day=1)]],
        [[_order(10, 0.7)], [_order(40, 2.0)]],
    )
    assert _read(perf).fills["commission"].to_pylist() == [0.5, 1.5]


@settings(deadline=None, max_examples=40)
@given(
    amounts=st.lists(st.integers(1, 10**6), min_size=1, max_size=20),
    commission=st.floats(0.01, 1e4),
)
def test_the_parts_of_a_commission_add_up_to_it(amounts, commission):
    perf = _perf(
        [[_transaction(-a, 5.0 + n) for n, a in enumerate(amounts)]],
        [[_order(-sum(amounts), commission)]],
    )
    parts = _read(perf).fills["commission"].to_pylist()
    assert math.fsum(parts) == pytest.approx(commission, rel=1e-14)


def test_a_part_of_the_run_keeps_the_commissions_of_the_whole():
    orders = [[_order(40, 2.0)], [_order(40, 2.0)]]
    whole = _perf([[_transaction(10, 5.0)], [_transaction(30, 6.0, day=1)]], orders)
    assert _read(whole.iloc[1:]).fills["commission"].to_pylist() == [1.5]


def test_a_transaction_of_an_unknown_order_is_refused():
    perf = _perf([[_transaction(10, 5.0, order="o9")]], [[_order(10, 1.0)]])
    (refused,) = _read(perf).refused
    assert refused.field == "commission"
    assert "order 'o9'" in refused.reason


def test_transactions_alone_have_no_commission():
    result = _read([_transaction(10, 5.0), _transaction(0, 5.0)])
    assert result.fills["commission"].to_pylist() == [0.0]
    assert [r.reason for r in result.skipped] == ["not a trade: amount is 0"]


def test_a_future_keeps_its_multiplier():
    future = _transaction(1, 4800.0, sid=Asset("ESH24", price_multiplier=50.0))
    assert _read([future]).fills["multiplier"].to_pylist() == [50.0]


@pytest.mark.parametrize("source", ["run.pickle", "perf.csv"])
def test_a_pickle_is_not_read_because_it_is_code(source):
    with pytest.raises(ImportFormatError, match="is a pickle, which is code"):
        _read(source)


@pytest.mark.parametrize(
    "perf",
    [pd.DataFrame({"returns": [0.1]}), pd.DataFrame({"transactions": ["[]"]}), [["not a mapping"]]],
)
def test_another_frame_is_an_error(perf):
    with pytest.raises(ImportFormatError, match="transactions"):
        _read(perf)


def test_times_without_a_zone_are_an_error():
    with pytest.raises(InvalidArgumentError, match="zone must be given"):
        _read([_transaction(1, 5.0, dt=pd.Timestamp("2024-01-02"))])


def test_account_and_strategy_must_be_told():
    with pytest.raises(InvalidArgumentError, match="account and strategy must be given"):
        read_zipline([], account="A1")
