"""What readings of round trips keep: merging, currency, signs, and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError

TRADES = [name for name, metric in m.METRICS.items() if metric.needs == "trades"]
columns = st.lists(st.integers(-500, 500).map(float), min_size=1, max_size=25)


def same(expected):
    return pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


@settings(deadline=None, max_examples=25)
@given(columns, st.integers(0, 25), st.integers(0, 25))
def test_merged_tallies_read_as_the_whole_column(pnl, one, two):
    first, second = sorted((one, two))
    parts = [pnl[:first], pnl[first:second], pnl[second:]]
    merged = m.Tally.concatenated([m.Tally.of(part) for part in parts])
    for name in TRADES:
        function = m.METRICS[name].function
        assert function(merged) == same(function(pnl))


@settings(deadline=None, max_examples=25)
@given(columns, st.sampled_from([0.125, 3.0, 1024.0]))
def test_money_scales_and_nothing_else_does(pnl, rate):
    for name in TRADES:
        metric = m.METRICS[name]
        factor = rate if metric.unit == "account currency" else 1.0
        changed = metric.function([p * rate for p in pnl])
        assert changed == pytest.approx(metric.function(pnl) * factor, rel=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(columns)
def test_a_turned_sign_makes_wins_of_losses(pnl):
    turned = [-p for p in pnl]
    zeros = m.breakeven_count(pnl) / len(pnl)
    assert m.win_rate(pnl) + m.win_rate(turned) + zeros == pytest.approx(1.0)
    assert m.loss_rate(pnl) == m.win_rate(turned)
    assert m.loss_rate(pnl, zero_pnl="excluded") == same(m.win_rate(turned, zero_pnl="excluded"))
    assert m.gross_loss(pnl) == m.gross_profit(turned)
    assert m.avg_loss(pnl) == same(-m.avg_win(turned))
    assert m.pnl_standard_deviation(pnl) == same(m.pnl_standard_deviation(turned))
    assert m.trade_sharpe_ratio(pnl) == same(-m.trade_sharpe_ratio(turned))
    if m.gross_profit(pnl) > 0.0 and m.gross_loss(pnl) > 0.0:
        assert m.profit_factor(pnl) * m.profit_factor(turned) == pytest.approx(1.0)
        assert m.payoff_ratio(pnl) * m.payoff_ratio(turned) == pytest.approx(1.0)


@settings(deadline=None, max_examples=40)
@given(columns)
def test_the_parts_make_the_whole(pnl):
    assert m.gross_profit(pnl) - m.gross_loss(pnl) == pytest.approx(m.total_pnl(pnl))
    counts = m.win_rate(pnl) + m.loss_rate(pnl) + m.breakeven_count(pnl) / m.trade_count(pnl)
    assert counts == pytest.approx(1.0)
    error = m.expectancy_standard_error(pnl)
    assert error * math.sqrt(len(pnl)) == same(m.pnl_standard_deviation(pnl))
    if len(pnl) > 1 and m.pnl_standard_deviation(pnl) > 0:
        t_stat = m.expectancy(pnl) / error
        assert m.system_quality_number(pnl) == pytest.approx(t_stat)


@settings(deadline=None, max_examples=40)
@given(columns)
def test_without_a_zero_the_expectancy_ratio_is_the_expectancy_for_the_mean_loss(pnl):
    assume(0.0 not in pnl and min(pnl) < 0.0 < max(pnl))
    expected = m.expectancy(pnl) / -m.avg_loss(pnl)
    assert m.expectancy_ratio(pnl) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(columns)
def test_kelly_risks_something_exactly_where_there_is_an_edge(pnl):
    kelly = m.kelly_criterion(pnl)
    assume(math.isfinite(kelly) and abs(m.total_pnl(pnl)) > 1e-9)
    assert kelly <= 1.0
    assert (kelly > 0.0) == (m.total_pnl(pnl) > 0.0)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_kelly_grows_a_bankroll_fastest(wins, losses, payoff):
    kelly = m.kelly_criterion([float(payoff)] * wins + [-1.0] * losses)
    assume(kelly > 0.0)

    def growth(part):
        return wins * np.log1p(payoff * part) + losses * np.log1p(-part)

    assert growth(kelly) >= max(growth(kelly * 0.99), growth(min(kelly * 1.01, 0.999)))


@settings(deadline=None, max_examples=40)
@given(columns)
def test_the_fall_is_never_larger_than_the_profit_ratio_allows(pnl):
    ratio = m.profit_to_drawdown(pnl)
    if m.pnl_drawdown(pnl) > 0.0:
        assert ratio >= -1.0
        assert ratio * m.pnl_drawdown(pnl) == pytest.approx(m.total_pnl(pnl), abs=1e-9)
    else:
        assert ratio == math.inf or math.isnan(ratio)


@settings(deadline=None, max_examples=40)
@given(columns)
def test_the_best_trade_is_a_part_of_what_was_won(pnl):
    share = m.best_trade_share(pnl)
    assert math.isnan(share) == (m.gross_profit(pnl) == 0.0)
    assert math.isnan(share) or 0.0 < share <= 1.0


@pytest.mark.parametrize(
    ("name", "pnl", "value", "reason"),
    [
        ("kelly_criterion", [1.0, 2.0], 1.0, None),
        ("kelly_criterion", [-1.0, 0.0], math.nan, "no_wins"),
        ("kelly_criterion", [1e-200, -1e140], -math.inf, "overflow"),
        ("expectancy_ratio", [1.0, 2.0], math.inf, "no_losses"),
        ("expectancy_ratio", [-1.0], math.nan, "no_wins"),
        ("cpc_index", [1.0], math.inf, "no_losses"),
        ("best_trade_share", [-1.0], math.nan, "no_wins"),
        ("profit_to_drawdown", [1.0, 2.0], math.inf, "no_losses"),
        ("trade_sharpe_ratio", [2.0, 2.0], math.nan, "zero_variance"),
        ("expectancy_standard_error", [2.0], math.nan, "too_few"),
        ("gross_profit", [], 0.0, None),
        ("loss_rate", [], math.nan, "no_trades"),
    ],
)
def test_an_undefined_reading_has_its_reason(name, pnl, value, reason):
    reading = m.read(name, m.Sample(trades=pnl))
    assert reading.value == pytest.approx(value, nan_ok=True)
    assert reading.reason == reason


def test_a_way_with_zeros_that_there_is_not_is_refused():
    with pytest.raises(InvalidArgumentError, match="zero_pnl must be one of 'counted', 'excluded'"):
        m.win_rate([1.0], zero_pnl="ignored")
