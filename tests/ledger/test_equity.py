"""Daily equity: flows, P&L, marks carried forward, days, returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError, SchemaError, UnknownNameError
from perfkit.ledger import TradingClock, combine_equity, daily_equity


def values(frame, name):
    return frame[name].tolist()


def test_a_day_earns_what_its_fills_and_its_position_earned(fills, marks, cash):
    table = fills((0, "buy", 10, 100.0), (2, "sell", 10, 105.0), commission=1.0)
    equity = daily_equity(table, marks((0, 101.0), (1, 104.0), (2, 200.0)), cash((0, 1000.0)))
    assert values(equity, "pnl") == [9.0, 30.0, 9.0]
    assert values(equity, "nav") == [1009.0, 1039.0, 1048.0]
    assert values(equity, "market_value") == [1010.0, 1040.0, 0.0]
    assert values(equity, "realized_pnl") == [0.0, 0.0, 50.0]
    assert values(equity, "fees") == [1.0, 0.0, 1.0]
    assert values(equity, "turnover") == [1000.0, 0.0, 1050.0]
    assert values(equity, "trades") == [1, 0, 1]
    assert values(equity, "return") == pytest.approx([0.009, 30 / 1009, 9 / 1039])
    assert list(equity["day"].dt.strftime("%m-%d")) == ["01-01", "01-02", "01-03"]


def test_a_short_position_has_negative_value_and_positive_exposure(fills, marks):
    equity = daily_equity(fills((0, "sell", 2, 50.0), multiplier=10.0), marks((0, 45.0)))
    assert values(equity, "market_value") == [-900.0]
    assert values(equity, "exposure") == [900.0]
    assert values(equity, "pnl") == [100.0]


def test_without_capital_there_is_no_return(fills, marks, cash):
    table, prices = fills((0, "buy", 1, 100.0)), marks((0, 110.0), (1, 120.0))
    assert daily_equity(table, prices)["return"].isna().all()
    late = daily_equity(table, prices, cash((1, 100.0)))
    assert np.isnan(late["return"].iloc[0])
    assert late["return"].iloc[1] == pytest.approx(10 / 110)


def test_a_deposit_works_from_its_day_on_and_a_withdrawal_until_its_day_ends(fills, marks, cash):
    table = fills((0, "buy", 1, 100.0))
    prices = marks((0, 110.0), (1, 120.0), (2, 130.0))
    equity = daily_equity(table, prices, cash((0, 100.0), (1, 90.0), (2, -200.0)))
    assert values(equity, "return") == pytest.approx([0.1, 10 / 200, 10 / 210])
    assert values(equity, "nav") == pytest.approx([110.0, 210.0, 20.0])


def test_a_missing_mark_is_carried_forward_and_counted(fills, marks):
    table = fills((1, "buy", 1, 100.0), (1, "buy", 1, 7.0, {"symbol": "QQQ"}))
    prices = marks((1, 99.0), (2, 8.0, "QQQ"), (3, 103.0))
    equity = daily_equity(table, prices)
    assert values(equity, "market_value") == [99.0 + 7.0, 99.0 + 8.0, 103.0 + 8.0]
    assert values(equity, "stale_marks") == [1, 1, 1]


def test_a_fill_newer_than_the_last_mark_is_the_last_known_price(fills, marks):
    table = fills((0.9, "buy", 1, 200.0), (3.1, "buy", 1, 300.0))
    equity = daily_equity(table, marks((0.5, 100.0), (2, 250.0), (3.0, 260.0)))
    assert values(equity, "market_value") == [200.0, 250.0, 600.0]
    assert values(equity, "pnl") == [0.0, 50.0, 50.0]
    assert values(equity, "stale_marks") == [1, 0, 1]


def test_further_days_are_rows_of_their_own(fills, marks):
    days = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    equity = daily_equity(
        fills((0, "buy", 1, 100.0)), marks((3, 110.0)), clock=TradingClock(further_days=days)
    )
    assert values(equity, "pnl") == [0.0, 0.0, 0.0, 10.0]


def test_a_sum_with_an_unfunded_part_has_no_return(fills, marks, cash):
    table = fills((0, "buy", 1, 100.0), (0, "buy", 1, 100.0, {"strategy_id": "unfunded"}))
    equity = daily_equity(table, marks((0, 101.0), (1, 102.0)), cash((0, 1000.0)))
    assert values(equity, "unfunded") == [0, 0, 1, 1]
    whole = combine_equity(equity)
    assert values(whole, "pnl") == [2.0, 2.0]
    assert whole["return"].isna().all()


def test_a_symbol_without_any_mark_stands_at_its_last_fill(fills, marks):
    table = fills((0, "buy", 1, 100.0), (1, "buy", 1, 104.0))
    equity = daily_equity(table, marks((2, 50.0, "QQQ")))
    assert values(equity, "market_value") == [100.0, 208.0, 208.0]
    assert values(equity, "stale_marks") == [1, 1, 1]


def test_the_last_of_several_marks_and_fills_of_a_day_counts(fills, marks):
    table = fills((0.1, "buy", 5, 100.0), (0.2, "sell", 2, 101.0))
    equity = daily_equity(table, marks((0.3, 103.0), (0.0, 999.0)))
    assert values(equity, "market_value") == [309.0]


def test_days_begin_with_the_strategy_and_end_with_the_history(fills, marks, cash):
    table = fills((0, "buy", 1, 10.0), (2, "buy", 1, 10.0, {"strategy_id": "late"}))
    equity = daily_equity(table, marks((-1, 9.0), (3, 11.0)), cash((1.9, 50.0, "late")))
    counts = equity.groupby("strategy_id").size()
    assert counts.to_dict() == {"late": 2, "trend": 3}
    late = equity.query("strategy_id == 'late'")
    assert values(late, "flow") == [50.0, 0.0]


def test_cash_after_the_last_day_has_a_day_of_its_own(fills, marks, cash):
    equity = daily_equity(
        fills((0, "buy", 1, 10.0)), marks((0, 10.0)), cash((0, 100.0), (5, -30.0))
    )
    assert values(equity, "flow") == [100.0, -30.0]
    assert values(equity, "nav") == [100.0, 70.0]


def test_cash_alone_is_equity_too(fills, marks, cash):
    equity = daily_equity(fills(), marks((0, 10.0), (1, 10.0)), cash((0, 100.0)))
    assert values(equity, "nav") == [100.0, 100.0]
    assert values(equity, "return") == [0.0, 0.0]


def test_no_history_has_no_days(fills, marks):
    empty = daily_equity(fills(), marks())
    assert empty.empty
    full = daily_equity(fills((0, "buy", 1, 1.0)), marks())
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    assert combine_equity(empty).empty


def test_the_desk_decides_what_a_day_is(fills, marks):
    table = fills((0, "buy", 1, 10.0), (0.25, "buy", 1, 10.0))  # 12:00 and 18:00 UTC
    assert values(daily_equity(table, marks()), "trades") == [2]
    assert values(daily_equity(table, marks(), clock=TradingClock(cutoff="17:00")), "trades") == [
        1,
        1,
    ]


def test_cash_moved_between_strategies_is_no_flow_of_the_account(fills, marks, cash):
    table = fills((0, "buy", 1, 100.0), (0, "buy", 1, 100.0, {"strategy_id": "other"}))
    moves = cash((0, 100.0), (0, 100.0, "other"), (1, 50.0), (1, -50.0, "other"))
    equity = daily_equity(table, marks((0, 100.0), (1, 110.0)), moves)
    whole = combine_equity(equity)
    assert values(whole, "flow") == [200.0, 0.0]
    assert values(whole, "nav") == [200.0, 220.0]
    assert values(whole, "return") == pytest.approx([0.0, 0.1])
    assert list(whole.columns[:2]) == ["day", "pnl"]
    assert list(combine_equity(equity, ["account_id"]).columns[:2]) == ["account_id", "day"]


def test_strategies_are_added_up_by_owner_columns_only(fills, marks):
    equity = daily_equity(fills((0, "buy", 1, 1.0)), marks())
    with pytest.raises(UnknownNameError, match="symbol"):
        combine_equity(equity, ["symbol"])


@pytest.mark.parametrize("price", [np.nan, np.inf])
def test_a_mark_that_is_no_number_is_refused(fills, marks, price):
    table = marks((0, 1.0))
    table = table.set_column(2, "price", [[price]])
    with pytest.raises(InvalidArgumentError, match="carried forward"):
        daily_equity(fills((0, "buy", 1, 1.0)), table)


def test_tables_without_their_columns_are_refused(fills, marks, cash):
    table = fills((0, "buy", 1, 1.0))
    with pytest.raises(SchemaError, match="columns of Mark"):
        daily_equity(table, marks().drop_columns("time"))
    with pytest.raises(SchemaError, match="columns of CashRecord"):
        daily_equity(table, marks(), cash().drop_columns("amount"))
