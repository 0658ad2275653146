"""Curves read from daily equity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import daily_equity, daily_returns, drawdown_curve, nav_curve, pnl_curve


@pytest.fixture
def equity(fills, marks, cash):
    table = fills((0, "buy", 1, 100.0))
    return daily_equity(table, marks((0, 90.0), (1, 110.0), (2, 99.0)), cash((1, 100.0)))


def test_pnl_accumulates_and_nav_holds_the_flows(equity):
    assert pnl_curve(equity).tolist() == [-10.0, 10.0, -1.0]
    assert nav_curve(equity).tolist() == [-10.0, 110.0, 99.0]
    assert pnl_curve(equity).index.name == "day"


def test_returns_are_of_the_days_with_capital(equity):
    assert daily_returns(equity).tolist() == pytest.approx([20 / 90, -0.1])


def test_a_drawdown_is_a_positive_fraction_of_the_peak():
    nav = pd.Series([100.0, 120.0, 90.0, 130.0, -13.0])
    assert drawdown_curve(nav).tolist() == pytest.approx([0.0, 0.0, 0.25, 0.0, 1.1])


def test_a_loss_at_once_is_a_drawdown_from_the_start():
    assert drawdown_curve(pd.Series([80.0, 90.0])).tolist() == [0.0, 0.0]
    assert drawdown_curve(pd.Series([80.0, 90.0]), start=100.0).tolist() == pytest.approx(
        [0.2, 0.1]
    )


def test_without_a_peak_above_zero_there_is_no_fraction():
    assert np.isnan(drawdown_curve(pd.Series([-1.0, 0.0, 2.0]))).tolist() == [True, True, False]


def test_a_curve_is_of_one_thing(equity):
    with pytest.raises(InvalidArgumentError, match="combine_equity"):
        nav_curve(pd.concat([equity, equity]))
