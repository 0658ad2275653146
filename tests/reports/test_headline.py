from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.metrics import compute
from perfkit.reports import headline, sharpe_interval

NAMES = ["total_return", "cagr", "max_drawdown", "sharpe_ratio", "trade_count", "win_rate"]


def said(returns: list[float], pnl: list[float], periods: int = 252, paid_out: float = 0.0) -> str:
    days = pd.Series(returns, pd.date_range("2020-01-01", periods=len(returns)), dtype=float)
    values = compute(days, pnl, periods=periods, metrics=NAMES)["value"]
    frame = pd.DataFrame([{"net_pnl": sum(pnl), **values}], index=["total"])
    return headline(frame, days, periods, "U$<D>", paid_out).html


def test_the_interval_of_a_normal_sharpe_ratio_is_that_of_lo():
    # A. Lo (2002), The Statistics of Sharpe Ratios, eq. 9: se = sqrt((1 + s^2 / 2) / T)
    low, high = sharpe_interval(0.5, n=61, skewness=0.0, kurtosis=0.0)
    assert (high - low) / 2 == pytest.approx(1.959964 * np.sqrt(1.125 / 60), rel=1e-6)


def test_a_record_that_moves_around_nothing_can_not_be_told_from_luck():
    assert "it can&#x27;t be told from chance" in said([0.01, -0.0099] * 200, [1.0, -2.0])


def test_a_steady_gain_is_more_than_luck_and_a_steady_loss_too():
    assert "chance alone does not explain it" in said([0.01, -0.005] * 200, [1.0])
    assert "chance alone does not explain the loss" in said([-0.01, 0.005] * 200, [-1.0])


def test_of_less_than_a_year_nothing_is_annualised_and_luck_is_not_judged():
    words = said([0.01, -0.005, 0.01], [1.0])
    assert "returned 1.5%, in too short a time to judge" in words
    assert "Sharpe" not in words


def test_without_capital_no_return_is_made_up():
    words = said([np.nan] * 300, [5.0, -1.0])
    assert "2 closed round trips, of which 50% won, made 4 U$&lt;D&gt;" in words
    assert "no capital was recorded" in words


def test_nothing_traded_is_said_as_such():
    words = headline(pd.DataFrame(), pd.Series(dtype=float), 252, "USD").html
    assert words == '<p class="lead">Nothing has been traded here.</p>'


def test_the_return_of_a_year_is_said_to_be_time_weighted_and_a_loss_has_its_sign():
    assert "the capital returned −" in said([-0.01, 0.005] * 200, [-1.0])
    assert "a year, time-weighted; at its worst" in said([-0.01, 0.005] * 200, [-1.0])


def test_what_was_paid_out_is_said_where_it_makes_money_and_return_differ():
    words = said([0.01, -0.005] * 200, [1.0], paid_out=12_345.6)
    assert "On the way 12,346 U$&lt;D&gt; were paid out" in words
    assert "paid out" not in said([0.01, -0.005] * 200, [1.0])
    assert "paid out" not in said([np.nan] * 300, [1.0], paid_out=5.0)
