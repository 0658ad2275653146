"""What every metric of the catalogue keeps, whatever it is given."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics
from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.metrics import METRICS, REASONS, Sample, compute, read

UNITS = {
    "fraction", "fraction a year", "ratio", "count", "periods", "account currency", "probability",
}  # fmt: skip
RAMP = [0.01, -0.02, 0.03, -0.01, 0.02]
HOSTILE = {
    "empty": [],
    "missing": [math.nan, math.nan],
    "one": [0.01],
    "one_loss": [-0.01],
    "two": [0.01, -0.01],
    "all_zero": [0.0] * 6,
    "constant": [0.1] * 6,
    "constant_loss": [-0.1] * 6,
    "all_wins": [0.01, 0.02, 0.03, 0.01],
    "all_losses": [-0.01, -0.02, -0.03, -0.01],
    "ruin": [0.1, -1.0, 0.2, 0.1],
    "beyond_ruin": [0.1, -1.5, 0.2, -3.0],
    "huge": [1e100, -0.5, 1e100, 1e100, 1e120],
    "tiny": [1e-300, -1e-300, 2e-300, 1e-310],
    "gaps": [0.01, math.nan, -0.02, 0.03, math.nan],
}


def sample(values, **options):
    market = (RAMP * 3)[: len(values)]
    return Sample(returns=values, trades=values, benchmark=market, periods=252, **options)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("case", HOSTILE)
def test_a_metric_is_finite_or_says_why_not(name, case):
    reading = read(name, sample(HOSTILE[case]))
    assert isinstance(reading.value, float)
    assert (reading.reason is None) == math.isfinite(reading.value)
    assert reading.reason is None or reading.reason in REASONS


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.one_of(st.sampled_from([0.0, -1.0, 1e-17, math.nan]), st.floats(-2, 50)), max_size=12
    ),
    st.floats(-0.5, 0.5),
)
def test_no_series_makes_any_metric_fail(values, rf):
    for name in METRICS:
        reading = read(name, sample(values, rf=rf))
        assert (reading.reason is None) == math.isfinite(reading.value)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_documented(name):
    metric = METRICS[name]
    assert metric.name == name == metric.function.__name__
    assert metric.unit in UNITS
    assert metric.better in {"higher", "lower", "neither"}
    assert metric.needs in {"returns", "trades", "benchmark"}
    assert metric.formula
    assert metric.source
    assert set(metric.undefined) <= set(REASONS)
    for option in ("nan", "undefined"):
        assert option in metric.options
    for section in ("Parameters", "Returns", "Examples"):
        assert section in metric.function.__doc__


@pytest.mark.parametrize("name", METRICS)
def test_missing_values_change_nothing(name):
    gaps = [0.01, math.nan, -0.02, 0.03, -0.01, math.nan, 0.02]
    market = [0.0, 9.0, 0.01, -0.01, 0.02, 9.0, 0.01]
    full = [i for i, value in enumerate(gaps) if not math.isnan(value)]
    with_gaps = Sample(returns=gaps, trades=gaps, benchmark=market, periods=252)
    without = [gaps[i] for i in full]
    clean = Sample(
        returns=without, trades=without, benchmark=[market[i] for i in full], periods=252
    )
    assert repr(read(name, with_gaps)) == repr(read(name, clean))  # NaN is not equal to itself


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if m.needs == "trades"])
@pytest.mark.parametrize("rate", [0.25, 1024.0])
def test_money_follows_the_currency_and_nothing_else_does(name, rate):
    pnl = np.array([100.0, -50.0, 0.0, 200.0, -100.0, -10.0])
    factor = rate if METRICS[name].unit == "account currency" else 1.0
    value = read(name, Sample(trades=pnl * rate)).value
    assert value == pytest.approx(read(name, Sample(trades=pnl)).value * factor)


LINEAR = {
    "volatility", "downside_deviation", "var_historical", "cvar_historical", "tracking_error",
    "residual_volatility", "systematic_risk",
}  # fmt: skip
SCALE_FREE = {
    "sharpe_ratio", "sortino_ratio", "skewness", "kurtosis", "beta", "correlation",
    "information_ratio", "active_return_t_stat", "alpha_t_stat", "appraisal_ratio",
    "batting_average", "beta_standard_error", "henriksson_merton", "r_squared",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LINEAR | SCALE_FREE))
def test_risk_grows_with_leverage_and_a_ratio_does_not(name):
    returns, market = np.array(RAMP), np.array([0.01, 0.0, -0.02, 0.01, 0.03])
    before = read(name, Sample(returns=returns, benchmark=market, periods=252)).value
    after = read(name, Sample(returns=returns * 4, benchmark=market * 4, periods=252)).value
    assert after == pytest.approx(before * (4 if name in LINEAR else 1))


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("win_rate", [], "no_trades"),
        ("profit_factor", [1.0, 2.0], "no_losses"),
        ("avg_win", [-1.0], "no_wins"),
        ("payoff_ratio", [-1.0], "no_wins"),
        ("payoff_ratio", [1.0], "no_losses"),
        ("system_quality_number", [1.0], "too_few"),
        ("sharpe_ratio", [0.1] * 5, "zero_variance"),
        ("sharpe_ratio", [0.1], "too_few"),
        ("sortino_ratio", [0.1, 0.2], "no_losses"),
        ("calmar_ratio", [0.1, 0.2], "no_losses"),
        ("calmar_ratio", [0.1, -1.5], "ruin"),
        ("cagr", [0.1, -1.5], "ruin"),
        ("total_return", [1e200, 1e200], "overflow"),
        ("beta", [0.1], "too_few"),
    ],
)
def test_an_undefined_value_has_its_reason(name, values, reason):
    assert read(name, sample(values)).reason == reason


def test_the_headline_leaves_out_what_the_data_cannot_answer():
    table = compute(trades=[1.0, -2.0])
    assert set(table.index) < set(METRICS)
    assert {METRICS[name].needs for name in table.index} == {"trades"}


def test_a_named_metric_without_its_data_is_an_error():
    with pytest.raises(InvalidArgumentError, match="alpha needs benchmark"):
        compute(RAMP, metrics=["alpha"], periods=252)


def test_an_unknown_metric_is_answered_with_those_that_exist():
    with pytest.raises(UnknownNameError, match=r"no metric 'sharp'.*sharpe_ratio"):
        compute(RAMP, metrics=["sharp"], periods=252)


def test_one_metric_given_as_a_word_is_an_error_with_its_remedy():
    with pytest.raises(InvalidArgumentError, match=r"give \['cagr'\]"):
        compute(RAMP, metrics="cagr", periods=252)


def test_the_number_of_periods_is_never_guessed():
    with pytest.raises(InvalidArgumentError, match="needs periods"):
        compute(RAMP, metrics=["sharpe_ratio"])
    with pytest.raises(TypeError):
        metrics.sharpe_ratio(RAMP)


def test_a_frame_is_measured_column_by_column():
    frame = pd.DataFrame({"a": RAMP, "b": RAMP[::-1]})
    for name in METRICS:
        metric = METRICS[name]
        options = {"periods": 252} if "periods" in metric.options else {}
        market = [np.array(RAMP) ** 2] if metric.needs == "benchmark" else []
        values = metric.function(frame, *market, **options)
        assert list(values.index) == ["a", "b"]
        alone = metric.function(frame["a"], *market, **options)
        assert values["a"] == pytest.approx(alone, nan_ok=True)


def test_compute_gives_one_row_a_metric():
    table = compute(RAMP, [1.0, 2.0], metrics="all", periods=252)
    assert list(table.columns) == ["value", "unit", "better", "n", "reason"]
    assert table.loc["profit_factor", "reason"] == "no_losses"
    assert pd.isna(table.loc["cagr", "reason"])
    assert table.loc["cagr", "n"] == 5
