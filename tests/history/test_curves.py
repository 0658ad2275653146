"""Curves: the days of each group, and on every day what the metrics say of the days until then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.history.curves import curves
from perfkit.ledger import combine_equity
from perfkit.metrics import max_drawdown, total_return
from perfkit.metrics.rolling import rolling

DAYS = pd.bdate_range("2024-01-01", periods=40).as_unit("us")
ZERO = (
    *("price_pnl", "fx_pnl", "fees", "funding", "dividends", "realized_pnl"),
    *("flow", "market_value", "exposure", "turnover", "trades", "stale_marks", "unfunded"),
)


def equity(pnl, by=("strategy_id",), strategy="trend", **columns) -> pd.DataFrame:
    """Days as the ledger gives them; 1,000 are deposited on the first unless said otherwise."""
    days = {"account_id": "main", "strategy_id": strategy, "day": DAYS[: len(pnl)]}
    given_ = dict.fromkeys(ZERO, 0.0) | {"flow": [1000.0] + [0.0] * (len(pnl) - 1)} | columns
    frame = pd.DataFrame(days | {"pnl": np.array(pnl, float)} | given_)
    return combine_equity(frame, by)


def test_every_curve_of_three_days_is_worked_out_by_hand():
    frame = curves(
        equity(
            [0.0, 100.0, -220.0],
            turnover=[500.0, 0.0, 1100.0],
            trades=[1, 0, 2],
            exposure=[500.0, 600.0, 1760.0],
            market_value=[500.0, 600.0, -1760.0],
        ),
        ["strategy_id"],
    )
    assert frame["strategy_id"].tolist() == ["trend"] * 3
    assert frame["day"].tolist() == DAYS[:3].tolist()
    expected = {
        "nav": [1000.0, 1100.0, 880.0],
        "pnl": [0.0, 100.0, -220.0],
        "cumulative_pnl": [0.0, 100.0, -120.0],
        "return": [0.0, 0.1, -0.2],
        "wealth": [1.0, 1.1, 0.88],
        "drawdown": [0.0, 0.0, 0.2],
        "volume": [500.0, 0.0, 1100.0],
        "trades": [1, 0, 2],
        "exposure": [500.0, 600.0, 1760.0],
        "net_exposure": [500.0, 600.0, -1760.0],
        "leverage": [0.5, 600 / 1100, 2.0],
        "turnover": [0.5, 0.0, 1.0],
    }
    assert list(frame)[2:] == list(expected)
    for name, values in expected.items():
        assert frame[name].tolist() == pytest.approx(values), name


def test_a_payment_moves_the_nav_but_not_the_wealth():
    # the deposit is there from the morning of its day, the withdrawal leaves in the evening
    frame = curves(
        equity([0.0, 200.0, 110.0], flow=[1000.0, 1000.0, -1100.0], turnover=[0.0, 1000.0, 0.0]),
        ["strategy_id"],
    )
    assert frame["nav"].tolist() == [1000.0, 2200.0, 1210.0]
    assert frame["wealth"].tolist() == pytest.approx([1.0, 1.1, 1.155])
    assert frame["turnover"].tolist() == [0.0, 0.5, 0.0]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-400.0, 400.0), min_size=1, max_size=25))
def test_a_day_of_a_curve_is_what_the_metrics_say_of_the_days_until_then(pnl):
    frame = curves(equity(pnl), ["strategy_id"])
    for day in range(len(frame)):
        known = frame["return"].iloc[: day + 1].dropna()
        assert frame["wealth"].iloc[day] - 1.0 == pytest.approx(total_return(known), abs=1e-12)
        deepest = frame["drawdown"].iloc[: day + 1].max()
        assert deepest == pytest.approx(max_drawdown(known), abs=1e-12)


def test_each_group_has_its_own_curves():
    two = pd.concat([equity([0.0, 100.0]), equity([0.0, -50.0], strategy="revert")])
    frame = curves(two, ["strategy_id"])
    assert frame.groupby("strategy_id")["wealth"].last().to_dict() == pytest.approx(
        {"trend": 1.1, "revert": 0.95}
    )
    assert frame.index.tolist() == [0, 1, 2, 3]


def test_the_whole_desk_is_a_group_without_a_name():
    frame = curves(equity([0.0, 100.0], by=()), [])
    assert next(iter(frame)) == "day"
    assert frame["wealth"].tolist() == pytest.approx([1.0, 1.1])


def test_without_capital_there_are_pnl_and_exposure_but_no_fraction_of_it():
    frame = curves(
        equity([10.0, 20.0], flow=0.0, exposure=100.0, turnover=50.0, unfunded=1), ["strategy_id"]
    )
    assert frame["cumulative_pnl"].tolist() == [10.0, 30.0]
    assert frame["exposure"].tolist() == [100.0, 100.0]
    fractions = ["return", "wealth", "drawdown", "leverage", "turnover"]
    assert frame[fractions].isna().all(axis=None)


def test_a_curve_ends_with_the_day_on_which_money_was_made_without_capital():
    frame = curves(
        equity([0.0, 100.0, 100.0, 100.0, 0.0], unfunded=[0, 0, 1, 0, 0]), ["strategy_id"],
        rolling=2, metrics=["total_return"],
    )  # fmt: skip
    assert frame["wealth"].isna().tolist() == [False, False, True, True, True]
    assert frame["drawdown"].isna().tolist() == [False, False, True, True, True]
    # a window is only broken while it reaches over the day
    assert frame["rolling_total_return"].isna().tolist() == [True, False, True, True, False]


def test_pnl_that_is_not_known_ends_every_sum():
    frame = curves(equity([0.0, 100.0, np.nan, 100.0]), ["strategy_id"])
    for name in ("nav", "cumulative_pnl", "wealth", "drawdown", "leverage", "turnover"):
        assert frame[name].isna().tolist() == [False, False, True, True], name


def test_days_before_the_first_capital_have_no_wealth_and_idle_days_stand_still():
    idle = equity([0.0, 0.0, 100.0, 0.0], flow=[0.0, 1000.0, -1100.0, 0.0])
    frame = curves(idle, ["strategy_id"])
    assert np.isnan(frame["wealth"].iloc[0])
    assert frame["wealth"].iloc[1:].tolist() == pytest.approx([1.0, 1.1, 1.1])
    assert np.isnan(frame["return"].iloc[3])
    assert np.isnan(frame["leverage"].iloc[3])


def test_rolling_columns_are_the_rolling_metrics_of_the_groups_returns():
    rng = np.random.default_rng(5)
    market = pd.Series(rng.normal(0, 0.01, 40), DAYS)
    two = pd.concat(
        [equity([0.0, *rng.normal(0, 9, 39)]), equity([0.0, *rng.normal(0, 9, 19)], strategy="b")]
    )
    frame = curves(
        two, ["strategy_id"], rolling="10d", metrics=["sharpe_ratio", "beta"],
        periods=252, rf=0.02, benchmark=market,
    )  # fmt: skip
    for strategy, days in frame.groupby("strategy_id"):
        returns = days.set_index("day")["return"]
        alone = rolling(
            returns, ["sharpe_ratio", "beta"], window="10d", periods=252, rf=0.02, benchmark=market
        )
        for name in alone:
            measured = days.set_index("day")[f"rolling_{name}"]
            assert measured.isna().sum() == 9, strategy
            np.testing.assert_array_equal(measured.dropna(), alone[name])


def test_a_group_shorter_than_the_window_has_empty_columns():
    frame = curves(equity([0.0, 1.0]), ["strategy_id"], rolling="63d", periods=252)
    assert frame["rolling_sharpe_ratio"].isna().all()
    assert len(frame) == 2


@pytest.mark.parametrize("columns", [[], ["strategy_id"]])
def test_no_day_gives_an_empty_frame_with_every_column(columns):
    some = equity([0.0, 1.0], by=columns)
    frame = curves(some.iloc[:0], columns, rolling=1, metrics=["volatility"], periods=252)
    assert frame.empty
    assert list(frame) == list(
        curves(some, columns, rolling=1, metrics=["volatility"], periods=252)
    )


def test_what_is_given_stays_as_it_was():
    days = equity([0.0, 1.0, 2.0])
    before = days.copy()
    curves(days, ["strategy_id"], rolling=2, periods=252)
    pd.testing.assert_frame_equal(days, before)


def test_a_recorded_history_has_its_curves(history):
    days = history.equity("strategy")
    frame = curves(days, ["strategy_id"], rolling=2, periods=history.periods)
    assert frame["nav"].tolist() == days["nav"].tolist()
    np.testing.assert_array_equal(frame["drawdown"], days["drawdown"])


def test_a_frame_that_is_no_equity_and_a_window_that_is_none_are_refused():
    with pytest.raises(SchemaError, match="lacks \\['nav'\\]"):
        curves(equity([0.0]).drop(columns="nav"), ["strategy_id"])
    with pytest.raises(InvalidArgumentError, match="window must be"):
        curves(equity([0.0]), ["strategy_id"], rolling="63x", periods=252)
