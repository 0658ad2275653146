from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.metrics import compute
from perfkit.reports import headline, remark, scope, sharpe_interval

NAMES = ["total_return", "cagr", "max_drawdown", "sharpe_ratio", "trade_count", "win_rate"]


def said(returns: list[float], pnl: list[float], periods: int = 252) -> str:
    days = pd.Series(returns, pd.date_range("2020-01-01", periods=len(returns)), dtype=float)
    values = compute(days, pnl, periods=periods, metrics=NAMES)["value"]
    frame = pd.DataFrame([{"net_pnl": sum(pnl), **values}], index=["total"])
    return headline(frame, days, periods, "U$<D>").html


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
    assert "grew by 1.5%, in too short a time to judge" in words
    assert "Sharpe" not in words


def test_without_capital_no_return_is_made_up():
    words = said([np.nan] * 300, [5.0, -1.0])
    assert "2 closed round trips, of which 50% won, made 4 U$&lt;D&gt;" in words
    assert "no capital was recorded" in words


def test_nothing_traded_is_said_as_such():
    words = headline(pd.DataFrame(), pd.Series(dtype=float), 252, "USD").html
    assert words == '<p class="lead">Nothing has been traded here.</p>'


def test_the_scope_says_days_and_what_was_asked_for_with_names_escaped():
    days = pd.DatetimeIndex(["2020-01-05", "2021-02-03"])
    line = scope("s3://x", days, {"strategy": "<b>", "account": ""}).html
    assert "5 January 2020 to 3 February 2021 · strategy &lt;b&gt; · history s3://x" in line
    assert "no day" in scope("s3://x", days[:0], {}).html


def test_a_remark_is_escaped_and_left_out_when_empty():
    assert remark("a < b").html == '<p class="remark">a &lt; b</p>'
    assert remark("").html == ""
