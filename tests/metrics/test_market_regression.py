"""Alpha and beta with their errors: published numbers, statsmodels, and laws."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError
from perfkit.metrics.newey_west import newey_west_error, newey_west_lags

REFERENCE = Path(__file__).parents[1] / "reference" / "metrics_benchmark.json"
SERIES = json.loads(REFERENCE.read_text(encoding="utf-8"))["series"]
MONTHS = pd.date_range("1996-01-31", periods=132, freq="ME")
seeds = st.integers(0, 10_000)


def managers(name):
    """One column of R's managers data, by date."""
    return pd.Series(np.array(SERIES[name]["values"], dtype=float), index=MONTHS)


def planted(seed, n=60):
    """Returns that hang together in time, beside a market whose volatility changes."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.004, 0.03, n) * np.linspace(0.5, 2.0, n)
    noise = np.convolve(rng.normal(0, 0.02, n + 3), np.ones(4) / 2, mode="valid")
    return 0.002 + 0.8 * market + noise, market


def by_statsmodels(returns, market, lags):
    how = {"maxlags": lags, "use_correction": True}
    design = sm.add_constant(np.asarray(market))
    return sm.OLS(np.asarray(returns), design).fit(cov_type="HAC", cov_kwds=how, use_t=True)


# Stata 11: newey g_realinv g_realgdp L.realint, lag(4); and regress ..., vce(robust), which is
# no lag. The data are statsmodels.datasets.macrodata; statsmodels keeps the numbers in
# regression/tests/results/results_macro_ols_robust.py. Order: g_realgdp, L.realint, constant.
STATA = {
    4: (0.33125644884286, 0.29582347593197, 1.1859338087713),
    0: (0.32355452428856, 0.32772840315987, 1.3690593206013),
}


@pytest.mark.parametrize("lags", STATA)
def test_the_error_is_that_of_stata(lags):
    data = sm.datasets.macrodata.load_pandas().data
    growth = 400 * np.diff(np.log(data[["realgdp", "realinv"]].to_numpy()), axis=0)
    design = np.column_stack([growth[:, 0], data["realint"].to_numpy()[:-1], np.ones(202)])
    estimates = np.linalg.lstsq(design, growth[:, 1], rcond=None)[0]
    left = growth[:, 1] - design @ estimates
    influences = (design @ np.linalg.inv(design.T @ design)) * left[:, None]
    errors = [newey_west_error(column, lags=lags, estimated=3) for column in influences.T.copy()]
    assert errors == pytest.approx(STATA[lags], rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(seeds, st.integers(0, 12))
def test_the_market_model_is_that_of_statsmodels(seed, lags):
    returns, market = planted(seed)
    model, theirs = m.market_model(returns, market, periods=12, lags=lags), None
    theirs = by_statsmodels(returns, market, lags)
    for place, mine in enumerate((model.alpha, model.beta)):
        assert mine.value == pytest.approx(theirs.params[place], rel=1e-9)
        assert mine.standard_error == pytest.approx(theirs.bse[place], rel=1e-9)
        assert mine.t_stat == pytest.approx(theirs.tvalues[place], rel=1e-9)
        assert mine.p_value == pytest.approx(theirs.pvalues[place], rel=1e-8, abs=1e-15)
        assert (mine.lower, mine.upper) == pytest.approx(theirs.conf_int()[place], rel=1e-9)
    assert model.r_squared == pytest.approx(theirs.rsquared)
    assert model.residual_volatility == pytest.approx(math.sqrt(theirs.mse_resid * 12))
    assert (model.n, model.lags) == (60, lags)


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_without_lags_the_errors_are_those_of_white(seed):
    returns, market = planted(seed)
    white = sm.OLS(returns, sm.add_constant(market)).fit(cov_type="HC1")
    model = m.market_model(returns, market, periods=12, lags=0)
    errors = model.alpha.standard_error, model.beta.standard_error
    assert errors == pytest.approx(tuple(white.bse), rel=1e-9)


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_the_metrics_are_readings_of_the_one_model(seed):
    returns, market = planted(seed)
    model = m.market_model(returns, market, periods=12, rf=0.03)
    alone = m.alpha_t_stat(returns, market, periods=12, rf=0.03)
    assert alone == pytest.approx(model.alpha.t_stat)
    assert m.beta(returns, market) == pytest.approx(model.beta.value)
    error = m.beta_standard_error(returns, market)
    assert error == pytest.approx(model.beta.standard_error)
    a_year = m.alpha(returns, market, periods=12, rf=0.03, annualise="per_period")
    assert a_year == pytest.approx(model.alpha.value)
    assert m.r_squared(returns, market) == pytest.approx(model.r_squared)
    spread = m.residual_volatility(returns, market, periods=12, ddof=2)
    assert spread == pytest.approx(model.residual_volatility)


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_the_active_return_is_tested_as_a_regression_on_a_constant_is(seed):
    returns, market = planted(seed)
    lags = newey_west_lags(60)
    how = {"maxlags": lags, "use_correction": True}
    theirs = sm.OLS(returns - market, np.ones(60)).fit(cov_type="HAC", cov_kwds=how, use_t=True)
    assert m.active_return_t_stat(returns, market) == pytest.approx(theirs.tvalues[0], rel=1e-9)


def test_returns_that_hang_together_are_less_sure_than_they_look():
    returns, market = planted(7, n=600)
    naive = m.market_model(returns, market, periods=12, lags=0).alpha.standard_error
    assert m.market_model(returns, market, periods=12).alpha.standard_error > 1.3 * naive


def test_the_rule_of_thumb_is_four_lags_in_a_hundred_observations():
    assert [newey_west_lags(n) for n in (1, 2, 99, 100, 1000)] == [0, 1, 3, 4, 6]
    assert newey_west_lags(5, 40) == 4
    assert newey_west_lags(0) == 0


@pytest.mark.parametrize("lags", [-1, 2.5, True])
def test_lags_that_are_no_whole_number_are_refused(lags):
    with pytest.raises(InvalidArgumentError, match="lags must be a whole number"):
        m.beta_standard_error([0.1, 0.2, 0.1], [0.1, 0.0, 0.2], lags=lags)


def test_a_strategy_beside_itself_has_no_alpha_to_test():
    returns, _ = planted(3)
    model = m.market_model(returns, returns, periods=12)
    assert model.beta.value == pytest.approx(1.0)
    assert model.beta.standard_error == 0.0
    assert model.alpha.value == pytest.approx(0.0, abs=1e-15)
    assert math.isnan(model.alpha.t_stat)
    assert model.r_squared == pytest.approx(1.0)
    reading = m.read("alpha_t_stat", m.Sample(returns=returns, benchmark=returns, periods=12))
    assert reading.reason == "zero_variance"


@pytest.mark.parametrize(
    ("returns", "market"),
    [([], []), ([0.1], [0.1]), ([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])],
)
def test_a_market_that_says_nothing_leaves_the_model_undefined(returns, market):
    model = m.market_model(returns, market, periods=12)
    assert math.isnan(model.beta.value)
    assert math.isnan(model.alpha.t_stat)
    assert model.n == len(returns)


def test_two_rows_have_a_line_and_no_error():
    model = m.market_model([0.01, 0.02], [0.0, 0.02], periods=12)
    assert model.beta.value == pytest.approx(0.5)
    assert math.isnan(model.beta.standard_error)
    assert math.isnan(model.beta.p_value)


# R PerformanceAnalytics 2.1.0, tests/testthat/_snaps/all_snapshots.md, Rf = managers[, "US 3m TR"]
def test_a_series_of_rates_gives_the_numbers_of_performance_analytics():
    market, rate = managers("sp500"), managers("us_3m")
    one, two = managers("ham1"), managers("ham2")
    assert m.beta(one, market, rf_per_period=rate) == pytest.approx(0.3900712, abs=5e-8)
    alpha = m.alpha(one, market, periods=12, rf_per_period=rate, annualise="per_period")
    assert alpha == pytest.approx(0.005774729, abs=5e-10)
    above = m.beta(two, market, rf_per_period=rate, side="above_rf")
    below = m.beta(two, market, rf_per_period=rate, side="below_rf")
    assert above == pytest.approx(0.5226596, abs=5e-8)
    assert below == pytest.approx(0.0698255, abs=5e-8)
    treynor = m.treynor_ratio(one, market, periods=12, rf_per_period=rate)
    assert treynor == pytest.approx(0.2428, abs=5e-5)
    geared = m.m_squared(one, market, periods=12, rf_per_period=market, annualise="per_period")
    assert geared == pytest.approx(0.01281799, abs=5e-9)
    late = slice(79, 120)  # managers[80:120]
    curve = m.treynor_mazuy(
        one.iloc[late], market.iloc[late], periods=12, rf_per_period=rate.iloc[late]
    )
    assert curve == pytest.approx(-0.2801650, abs=5e-8)
