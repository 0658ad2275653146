from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.metrics import max_drawdown, total_return
from perfkit.reports import benchmark_metrics, drawdowns, growth, monthly_table, yearly_table

RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=400)


def daily(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"a": values}, index=pd.date_range("2019-11-20", periods=len(values)))


@settings(max_examples=50, deadline=None)
@given(RETURNS)
def test_growth_and_drawdown_end_where_the_metrics_say(values):
    returns = daily(values)
    assert growth(returns)["a"].iloc[-1] - 1 == pytest.approx(total_return(values), abs=1e-9)
    assert drawdowns(returns)["a"].max() == pytest.approx(max_drawdown(values), abs=1e-9)


def test_nothing_compounds_from_ruin_in_figure_table_and_calendar_alike():
    returns = daily([0.1, -1.2, 0.5, 0.3, -0.2])
    assert max_drawdown(returns["a"]) == pytest.approx(1.2)
    assert drawdowns(returns)["a"].max() == pytest.approx(1.2)
    assert growth(returns)["a"].to_list() == pytest.approx([1.1, -0.22, -0.22, -0.22, -0.22])
    assert yearly_table(returns)["a"].to_list() == pytest.approx([-1.22])
    assert monthly_table(returns["a"]).loc[2019, 11] == pytest.approx(-1.22)


def test_a_day_without_a_known_return_stands_still():
    returns = daily([np.nan, 0.1, np.nan, -0.5, np.nan])
    assert growth(returns)["a"].to_list() == pytest.approx(
        [np.nan, 1.1, 1.1, 0.55, 0.55], nan_ok=True
    )
    assert drawdowns(returns)["a"].to_list() == pytest.approx([np.nan, 0, 0, 0.5, 0.5], nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(RETURNS)
def test_months_and_years_compound_to_the_whole(values):
    returns = daily(values)
    table = monthly_table(returns["a"])
    whole = total_return(values)
    months = table[list(range(1, 13))].to_numpy()
    assert np.nanprod(1 + months) - 1 == pytest.approx(whole, abs=1e-9)
    assert np.prod(1 + table["year"]) - 1 == pytest.approx(whole, abs=1e-9)
    assert np.prod(1 + yearly_table(returns)["a"]) - 1 == pytest.approx(whole, abs=1e-9)


def test_a_month_without_a_known_day_is_unknown():
    returns = pd.Series(
        [0.1, np.nan, 0.2], pd.to_datetime(["2020-01-05", "2020-02-05", "2020-04-05"])
    )
    table = monthly_table(returns)
    assert table.loc[2020].notna().to_list() == [True, False, False, True] + [False] * 8 + [True]


def test_no_day_gives_empty_tables():
    nothing = pd.DataFrame({"a": []}, index=pd.DatetimeIndex([]), dtype=float)
    assert monthly_table(nothing["a"]).empty
    assert yearly_table(nothing).empty
    assert growth(nothing).empty


def test_a_year_in_which_a_line_has_no_day_is_unknown():
    returns = daily([0.01] * 60)
    returns.loc["2020", "a"] = np.nan
    assert yearly_table(returns)["a"].isna().to_list() == [False, True]


def test_the_benchmark_is_measured_as_the_strategies_are():
    row = benchmark_metrics(daily([0.1, -0.2, 0.3]), "a", 252, 0.0)
    assert row.loc["a", "total_return"] == pytest.approx(0.144)
    assert benchmark_metrics(daily([0.1]), "", 252, 0.0).empty
