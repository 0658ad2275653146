"""What the metrics of returns can be told."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError
from perfkit.metrics.growth import NEEDS_DATES
from perfkit.metrics.options import Handling, choices
from perfkit.metrics.return_metrics import RETURN_METRICS

RETURNS = [0.01, -0.02, 0.03, -0.01, 0.02, 0.005, -0.03, 0.015]
HOSTILE = {
    "empty": [],
    "one": [0.01],
    "one_loss": [-0.01],
    "two": [0.01, -0.01],
    "all_zero": [0.0] * 6,
    "constant": [0.1] * 6,
    "all_wins": [0.01, 0.02, 0.03, 0.01],
    "all_losses": [-0.01, -0.02, -0.03, -0.01],
    "ruin": [0.1, -1.0, 0.2, 0.1],
    "ruin_at_once": [-1.0, 0.2, 0.1],
    "beyond_ruin": [-1.5, 0.2, -3.0],
    "huge": [1e100, -0.5, 1e100, 1e100, 1e120],
    "tiny": [1e-300, -1e-300, 2e-300, 1e-310],
}


def option_kinds(function):
    """The `TypedDict` behind ``**how`` of a metric, if it takes any."""
    bare = function.__wrapped__
    word = str(bare.__annotations__.get("how", "")).removeprefix("Unpack[").removesuffix("]")
    return choices(bare.__globals__[word]) if word else {}


CHOICES = [
    (entry.name, option, value)
    for entry in RETURN_METRICS
    for option, values in option_kinds(entry.function).items()
    for value in values
]


def measure(name, returns, **options):
    entry = m.METRICS[name]
    if "periods" in entry.options:
        options.setdefault("periods", 12)
    return float(entry.function(returns, **options))


@pytest.mark.parametrize(("name", "option", "value"), CHOICES)
def test_no_choice_makes_a_metric_fail(name, option, value):
    for values in HOSTILE.values():
        days = pd.date_range("2024-01-31", periods=len(values), freq="ME")
        dated = pd.Series(values, index=days, dtype=float)
        assert isinstance(measure(name, dated, **{option: value}), float)


@pytest.mark.parametrize("entry", RETURN_METRICS, ids=lambda e: e.name)
def test_a_default_that_is_said_changes_nothing(entry):
    said = {o: v for o, v in entry.options.items() if o != "periods"}
    assert measure(entry.name, RETURNS, **said) == measure(entry.name, RETURNS)


@pytest.mark.parametrize(("name", "option"), sorted({(n, o) for n, o, _ in CHOICES}))
def test_a_choice_that_there_is_not_is_refused_with_those_that_there_are(name, option):
    with pytest.raises(InvalidArgumentError, match=f"{option} must be one of"):
        measure(name, RETURNS, **{option: "mode"})


def test_an_option_of_another_metric_is_refused():
    with pytest.raises(InvalidArgumentError, match="no option 'peak'"):
        m.sharpe_ratio(RETURNS, periods=12, peak="start")


@pytest.mark.parametrize("name", ["max_drawdown", "average_drawdown", "var_gaussian"])
def test_a_sign_turns_the_number_and_nothing_else(name):
    assert measure(name, RETURNS, sign="loss") == -measure(name, RETURNS, sign="return")


def test_a_drawdown_series_points_down_where_it_is_told_to():
    down = m.drawdown_series(RETURNS, sign="return")
    assert np.array_equal(down, -m.drawdown_series(RETURNS))
    assert down.min() == measure("max_drawdown", RETURNS, sign="return")


def test_a_peak_at_the_first_close_forgets_the_first_loss():
    returns = [-0.4, 0.5, -0.1]
    assert m.max_drawdown(returns) == pytest.approx(0.4)
    assert m.max_drawdown(returns, peak="first_close") == pytest.approx(0.1)
    assert m.drawdown_series(returns, peak="first_close").round(6).tolist() == [0.0, 0.0, 0.1]
    assert m.longest_drawdown(returns) == 3
    assert m.longest_drawdown(returns, peak="first_close") == 1
    assert m.calmar_ratio(returns, periods=12, peak="first_close") == pytest.approx(
        m.cagr(returns, periods=12) / 0.1
    )


def test_growth_is_told_in_three_ways():
    # a mean of 5 % a half-year; 1.2 * 0.9 = 1.08
    returns = [0.2, -0.1]
    assert m.cagr(returns, periods=2) == pytest.approx(0.08)
    assert m.cagr(returns, periods=2, growth="mean") == pytest.approx(0.1025)
    assert m.cagr(returns, periods=2, growth="arithmetic") == pytest.approx(0.10)


class TestYearsOfTheCalendar:
    # prices 100, 110, 121 on the first days of 2021, 2022 and 2023: 730 days
    DATED = pd.Series(
        [math.nan, 0.1, 0.1], index=pd.to_datetime(["2021-01-01", "2022-01-01", "2023-01-01"])
    )

    def test_run_from_the_first_date_even_where_its_return_is_missing(self):
        expected = 1.21 ** (365.25 / 730) - 1
        found = m.cagr(self.DATED, periods=252, years="calendar")
        assert found == pytest.approx(expected, rel=1e-12)

    def test_have_as_many_days_as_one_says(self):
        found = m.cagr(self.DATED, periods=252, years="calendar", days_in_year=365)
        assert found == pytest.approx(0.1, rel=1e-12)

    def test_bring_every_growth_to_a_year(self):
        how = {"periods": 252, "years": "calendar", "days_in_year": 365}
        assert m.cagr(self.DATED, growth="mean", **how) == pytest.approx(0.1)
        assert m.cagr(self.DATED, growth="arithmetic", **how) == pytest.approx(0.1)
        assert m.pain_ratio(self.DATED - 0.2, **how) == pytest.approx(
            m.cagr(self.DATED - 0.2, **how) / m.pain_index(self.DATED - 0.2)
        )

    def test_need_dates(self):
        with pytest.raises(InvalidArgumentError, match="years='calendar' needs returns with dates"):
            m.cagr([0.1, 0.1], periods=252, years="calendar")

    def test_are_named_where_dates_must_be_passed_on(self):
        takes_years = {n for n, o, v in CHOICES if (o, v) in NEEDS_DATES}
        for name in takes_years:
            with pytest.raises(InvalidArgumentError, match="needs returns with dates"):
                measure(name, RETURNS, years="calendar")

    def test_of_one_day_have_no_growth(self):
        one = self.DATED.iloc[-1:]
        assert math.isnan(m.cagr(one, periods=252, years="calendar"))

    @pytest.mark.parametrize("days", [0, -365, math.nan, math.inf])
    def test_have_days(self, days):
        with pytest.raises(InvalidArgumentError, match="days_in_year must be > 0"):
            m.cagr(self.DATED, periods=252, years="calendar", days_in_year=days)


class TestMeans:
    def test_compounded_over_a_year_are_a_year_s_return_less_its_rate(self):
        # the mean of a month is 1 %, the deviation of the two returns 0.02 * sqrt(2)
        returns, count = [0.03, -0.01], 12
        expected = (1.01**count - 1 - 0.05) / (0.02 * math.sqrt(2) * math.sqrt(count))
        found = m.sharpe_ratio(returns, periods=12, rf=0.05, mean="compound_mean")
        assert found == pytest.approx(expected)
        rate = 1.05 ** (1 / 12) - 1
        found = m.sharpe_ratio(returns, periods=12, rf_per_period=rate, mean="compound_mean")
        assert found == pytest.approx(expected)

    def test_stand_above_the_shortfalls_too(self):
        returns = [0.04, -0.01, -0.03, 0.04]
        # the two losses lie 1 % from their mean: a deviation of 0.01 * sqrt(2)
        expected = (1.01**12 - 1) / (0.01 * math.sqrt(2) * math.sqrt(12))
        found = m.sortino_ratio(
            returns, periods=12, mean="compound_mean", denominator="spread_below"
        )
        assert found == pytest.approx(expected)

    def test_of_excess_returns_compound_geometrically(self):
        excess = np.array([0.02, -0.02])
        expected = ((1.02 * 0.98) ** 6 - 1) / (0.02 * math.sqrt(2) * math.sqrt(12))
        found = m.sharpe_ratio(excess + 0.01, periods=12, rf_per_period=0.01, mean="geometric")
        assert found == pytest.approx(expected)


def test_one_shortfall_has_no_spread():
    returns = [0.01, 0.02, -0.01]
    assert math.isnan(m.downside_deviation(returns, periods=12, denominator="spread_below"))
    assert m.downside_deviation([0.01], periods=12, denominator="spread_below") == 0.0


def test_a_ratio_of_a_period_is_scaled_by_no_year():
    for name in ("sharpe_ratio", "sortino_ratio", "downside_deviation"):
        a_year = measure(name, RETURNS, periods=12)
        assert measure(name, RETURNS, periods=12, annualise=False) == pytest.approx(
            a_year / math.sqrt(12)
        )


def test_a_window_looks_at_the_last_years_only():
    returns = [-0.5] + [0.01, -0.02, 0.03] * 12
    assert m.calmar_ratio(returns, periods=12, window=3) == pytest.approx(
        m.calmar_ratio(returns[1:], periods=12)
    )
    assert m.calmar_ratio(returns, periods=12, window=50) == m.calmar_ratio(returns, periods=12)


@pytest.mark.parametrize("window", [0, -1, math.nan, 0.01])
def test_a_window_of_no_period_is_refused(window):
    with pytest.raises(InvalidArgumentError, match="window must be"):
        m.calmar_ratio(RETURNS, periods=12, window=window)


def test_a_rate_a_period_is_compounded_to_that_of_a_year():
    annual = 1.01**12 - 1
    for name in ("pain_ratio", "ulcer_performance_index", "burke_ratio"):
        assert measure(name, RETURNS, rf_per_period=0.01) == pytest.approx(
            measure(name, RETURNS, rf=annual)
        )


def test_two_thresholds_are_refused():
    with pytest.raises(InvalidArgumentError, match="not both"):
        m.omega_ratio(RETURNS, periods=12, threshold=0.01, threshold_annual=0.1)
    with pytest.raises(InvalidArgumentError, match="threshold_annual must be an annual rate"):
        m.omega_ratio(RETURNS, periods=12, threshold_annual=-2.0)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("kappa_ratio", "order", 0),
        ("autocorrelation", "lag", 0),
        ("autocorrelation", "lag", 1.5),
        ("omega_ratio", "threshold", math.nan),
        ("positive_periods", "threshold", math.inf),
        ("sterling_ratio", "excess", -0.1),
        ("prospect_ratio", "loss_aversion", math.inf),
        ("kelly_fraction", "fraction", math.nan),
        ("rachev_ratio", "tail", 1.0),
        ("cvar_cornish_fisher", "tail", 0.0),
        ("conditional_drawdown_at_risk", "tail", 5),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_name(name, option, value):
    with pytest.raises(InvalidArgumentError, match=f"{option} must"):
        measure(name, RETURNS, **{option: value})


def test_every_metric_of_returns_takes_the_options_of_all():
    for entry in RETURN_METRICS:
        assert set(choices(Handling)) <= set(entry.options)


def test_a_value_at_risk_may_be_an_observation():
    # skfolio, value_at_risk: of 100 observations at 95 % it is the sixth largest loss
    returns = -np.arange(1.0, 101.0)[::-1] / 1000
    assert m.var_historical(returns, quantile="order") == -0.095
    assert m.value_at_risk(returns, quantile="order", sign="loss") == 0.095
    assert m.var_historical(returns, tail=0.29, quantile="order") == -0.071  # 0.29 * 100 < 29


def test_a_population_has_a_smaller_spread():
    pnl = np.array([100.0, -50.0, 200.0, -100.0])
    by_hand = math.sqrt(4) * pnl.mean() / pnl.std()
    assert m.system_quality_number(pnl, ddof=0) == pytest.approx(by_hand)
    own, market = np.array([0.02, -0.01, 0.03]), np.array([0.01, -0.02, 0.03])
    error = m.tracking_error(own, market, periods=12, ddof=0)
    assert error == pytest.approx((own - market).std() * math.sqrt(12))
