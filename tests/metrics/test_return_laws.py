"""Laws of the metrics that are read from returns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.metrics.return_metrics import RETURN_METRICS

LAWS = settings(deadline=None, max_examples=40)
# whole ten-thousandths, so that sums and shares are exact enough to be compared
RETURNS = st.lists(st.integers(-3000, 3000).map(lambda i: i / 1e4), min_size=4, max_size=30)
SAMPLE = np.array([0.01, -0.02, 0.03, -0.01, 0.02, 0.005, -0.03, 0.0, 0.015])

LINEAR = [
    "mean_return", "best_period", "worst_period", "volatility", "downside_deviation",
    "mean_absolute_deviation", "value_at_risk", "expected_shortfall", "var_historical",
    "cvar_historical", "var_gaussian", "cvar_gaussian", "var_cornish_fisher",
    "cvar_cornish_fisher",
]  # fmt: skip
SCALE_FREE = [
    "sharpe_ratio", "adjusted_sharpe_ratio", "sortino_ratio", "adjusted_sortino_ratio",
    "omega_ratio", "gain_to_pain_ratio", "d_ratio", "kappa_ratio", "upside_potential_ratio",
    "prospect_ratio", "volatility_skewness", "skewness", "kurtosis", "autocorrelation",
    "tail_ratio", "rachev_ratio", "positive_periods", "time_in_market",
]  # fmt: skip
OF_A_PATH = [
    "autocorrelation", "stability", "max_drawdown", "longest_drawdown", "average_drawdown",
    "average_drawdown_length", "pain_index", "ulcer_index", "conditional_drawdown_at_risk",
    "calmar_ratio", "sterling_ratio", "recovery_factor", "pain_ratio",
    "ulcer_performance_index", "burke_ratio",
]  # fmt: skip


def measure(name, returns, **options):
    entry = m.METRICS[name]
    if "periods" in entry.options:
        options.setdefault("periods", 252)
    return float(entry.function(returns, **options))


@pytest.mark.parametrize("leverage", [0.25, 3.0])
@pytest.mark.parametrize("name", LINEAR)
def test_a_size_grows_with_leverage(name, leverage):
    assert measure(name, SAMPLE * leverage) == pytest.approx(measure(name, SAMPLE) * leverage)


@pytest.mark.parametrize("leverage", [0.25, 3.0])
@pytest.mark.parametrize("name", SCALE_FREE)
def test_a_ratio_does_not_know_leverage(name, leverage):
    assert measure(name, SAMPLE * leverage) == pytest.approx(measure(name, SAMPLE))


def test_the_best_leverage_is_reached_in_fewer_steps_from_a_leveraged_strategy():
    assert measure("kelly_fraction", SAMPLE * 4) == pytest.approx(
        measure("kelly_fraction", SAMPLE) / 4
    )


@LAWS
@given(RETURNS, st.randoms(use_true_random=False))
def test_the_order_of_returns_matters_to_a_path_only(returns, random):
    mixed = list(returns)
    random.shuffle(mixed)
    for entry in RETURN_METRICS:
        if entry.name not in OF_A_PATH:
            before, after = measure(entry.name, returns), measure(entry.name, mixed)
            assert after == pytest.approx(before, rel=1e-7, abs=1e-9, nan_ok=True)


@LAWS
@given(RETURNS, RETURNS)
def test_a_longer_history_has_no_shorter_and_no_shallower_drawdown(first, second):
    for name in ("max_drawdown", "longest_drawdown"):
        assert measure(name, first + second) >= measure(name, first) - 1e-12


@LAWS
@given(RETURNS)
def test_averages_of_a_drawdown_lie_below_its_maximum_in_their_order(returns):
    pain, ulcer = measure("pain_index", returns), measure("ulcer_index", returns)
    worst = measure("max_drawdown", returns)
    assert pain <= ulcer + 1e-12
    assert ulcer <= worst + 1e-12
    assert measure("average_drawdown", returns) <= worst + 1e-12
    assert measure("average_drawdown_length", returns) <= measure("longest_drawdown", returns)


@LAWS
@given(RETURNS, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_deeper_part_of_the_drawdowns_is_deeper(returns, one, other):
    deep, shallow = (
        measure("conditional_drawdown_at_risk", returns, tail=t) for t in sorted((one, other))
    )
    assert measure("max_drawdown", returns) + 1e-12 >= deep >= shallow - 1e-12
    assert shallow >= measure("pain_index", returns) - 1e-12


@LAWS
@given(RETURNS)
def test_the_geometric_mean_is_at_most_the_arithmetic(returns):
    assert measure("geometric_mean_return", returns) <= measure("mean_return", returns) + 1e-12
    assert measure("cagr", returns, periods=1) == measure("geometric_mean_return", returns)


@LAWS
@given(RETURNS, st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_omega_falls_as_the_threshold_rises(returns, one, other):
    low, high = (measure("omega_ratio", returns, threshold=t) for t in sorted((one, other)))
    assert math.isnan(low) or math.isnan(high) or high <= low + 1e-9


@LAWS
@given(RETURNS, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_a_smaller_tail_is_worse(returns, one, other):
    small, large = sorted((one, other))
    for name in ("var_historical", "cvar_historical", "var_gaussian", "cvar_gaussian"):
        assert measure(name, returns, tail=small) <= measure(name, returns, tail=large) + 1e-12


@LAWS
@given(RETURNS, st.sampled_from(["historical", "gaussian", "cornish_fisher"]))
def test_the_shortfall_is_at_least_as_bad_as_the_value_at_risk(returns, method):
    at_risk = measure("value_at_risk", returns, method=method)
    assert measure("expected_shortfall", returns, method=method) <= at_risk + 1e-12


@LAWS
@given(RETURNS, st.sampled_from(["historical", "gaussian", "cornish_fisher"]))
def test_a_general_question_is_answered_by_its_method(returns, method):
    assert measure("value_at_risk", returns, method=method) == measure(f"var_{method}", returns)
    assert measure("expected_shortfall", returns, method=method) == measure(
        f"cvar_{method}", returns
    )


@LAWS
@given(RETURNS)
def test_shortfalls_below_weigh_more_than_the_same_among_all(returns):
    share = 1.0 - measure("positive_periods", [-r for r in returns])
    assume(share < 1.0)
    below = measure("downside_deviation", returns, denominator="below")
    among_all = measure("downside_deviation", returns)
    assert among_all == pytest.approx(below * math.sqrt(1.0 - share))
    ratios = [measure("sortino_ratio", returns, denominator=d) for d in ("below", "all")]
    assert abs(ratios[0]) <= abs(ratios[1]) + 1e-12


@LAWS
@given(RETURNS, st.floats(-0.01, 0.01))
def test_kappa_is_omega_and_sortino_by_its_order(returns, rate):
    omega = measure("omega_ratio", returns, rf_per_period=rate)
    assume(math.isfinite(omega))
    assert measure("kappa_ratio", returns, order=1, rf_per_period=rate) == pytest.approx(
        omega - 1.0, rel=1e-6, abs=1e-6
    )
    assert measure("kappa_ratio", returns, order=2, rf_per_period=rate) == pytest.approx(
        measure("sortino_ratio", returns, rf_per_period=rate, annualise=False), rel=1e-9, abs=1e-9
    )


@LAWS
@given(RETURNS)
def test_gains_and_losses_are_told_in_three_ways_that_agree(returns):
    omega = measure("omega_ratio", returns)
    assume(math.isfinite(omega) and omega > 0.0)
    up, down = (np.sign(returns) == s for s in (1, -1))
    assert measure("gain_to_pain_ratio", returns) == pytest.approx(omega - 1.0, abs=1e-9)
    assert measure("d_ratio", returns) == pytest.approx(down.sum() / up.sum() / omega)


@pytest.mark.parametrize(
    "name",
    [
        "sortino_ratio", "adjusted_sortino_ratio", "omega_ratio", "kappa_ratio",
        "upside_potential_ratio", "volatility_skewness", "prospect_ratio",
    ],
)  # fmt: skip
@pytest.mark.parametrize("level", [0.0123456789, 1 / 33])
def test_returns_at_the_rate_have_no_ratio_however_they_round(name, level):
    annual = (1 + level) ** 12 - 1
    assert math.isnan(measure(name, [level] * 31, periods=12, rf=annual))


@pytest.mark.parametrize(
    "name",
    [
        "sharpe_ratio", "adjusted_sharpe_ratio", "kelly_fraction", "skewness", "kurtosis",
        "autocorrelation",
    ],
)  # fmt: skip
@pytest.mark.parametrize("level", [0.1, 0.0123456789, 1e-9])
def test_a_constant_has_no_dispersion_to_divide_by(name, level):
    assert math.isnan(measure(name, [level] * 97))


@pytest.mark.parametrize("level", [0.1, 0.0123456789, -1e-9])
def test_a_constant_is_all_there_is_at_risk(level):
    for name in ("gaussian", "cornish_fisher"):
        assert measure(f"var_{name}", [level] * 97) == pytest.approx(level)
        assert measure(f"cvar_{name}", [level] * 97) == pytest.approx(level)
    assert measure("mean_absolute_deviation", [level] * 97) == 0.0
    assert measure("stability", [level] * 97) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "name", ["calmar_ratio", "recovery_factor", "pain_ratio", "ulcer_performance_index"]
)
def test_a_fall_that_is_only_rounding_is_none(name):
    assert measure(name, [0.1, -1.2e-16, 0.1]) == math.inf
