"""Superiority: the best of many is believed where it is better than luck."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.honesty import stepwise_superior, superior_predictive_ability

DAYS = pd.bdate_range("2023-01-02", periods=250)


def noise(seed, count=6):
    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(count)]
    return pd.DataFrame(rng.normal(0, 0.01, (250, count)), DAYS, names)


def test_a_planted_winner_is_found_and_named():
    returns = noise(1)
    returns["s3"] += 0.003
    found = superior_predictive_ability(0.0, returns)
    assert found.consistent < 0.01
    assert found.best == "s3"
    assert stepwise_superior(0.0, returns).superior == ("s3",)
    assert "s3" in stepwise_superior(0.0, returns).verdict
    assert found.verdict.startswith("evidence that one of 6")


def test_a_planted_loser_is_not():
    returns = noise(2)
    returns["s3"] -= 0.003
    assert "s3" not in stepwise_superior(0.0, returns).superior
    assert superior_predictive_ability(0.0, returns[["s3"]]).consistent == 1.0


def test_a_calm_winner_among_wild_strategies_is_found():
    returns = noise(3) * [0.1, 3, 3, 3, 3, 3]
    returns["s0"] += 0.0005  # an annual Sharpe ratio of 8, but a small mean
    assert superior_predictive_ability(0.0, returns).best == "s0"
    assert superior_predictive_ability(0.0, returns).consistent < 0.01
    assert stepwise_superior(0.0, returns).superior == ("s0",)


def test_several_winners_are_all_named_even_when_nobody_is_left():
    for seed in range(12):
        returns = noise(seed, 3).add([0.01, 0.0022, 0.0012])
        assert "s0" in stepwise_superior(0.0, returns, draws=200).superior
    everyone = noise(5, 2).add([0.02, 0.005])
    assert stepwise_superior(0.0, everyone).superior == ("s0", "s1")


def test_p_values_are_in_their_order_and_never_zero():
    found = superior_predictive_ability(0.0, noise(4) + 0.02, draws=100)
    assert found.consistent == pytest.approx(1 / 101)
    plain = superior_predictive_ability(0.0, noise(4))
    assert plain.lower <= plain.consistent <= plain.upper


def test_where_none_is_better_p_values_are_about_uniform_and_none_is_named():
    p_values, named = [], 0
    for seed in range(50):
        returns = noise(100 + seed, 4)
        p_values.append(superior_predictive_ability(0.0, returns, draws=100, seed=seed).consistent)
        named += bool(stepwise_superior(0.0, returns, draws=100, seed=seed).superior)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15  # 2 to 9 % in the long run
    assert 0.3 <= np.mean(np.array(p_values) <= 0.5) <= 0.75
    assert named <= 8


def test_the_seed_alone_decides():
    first, again = (superior_predictive_ability(0.0, noise(6), draws=100) for _ in range(2))
    assert first == again
    first, again = (stepwise_superior(0.0, noise(6), draws=100) for _ in range(2))
    assert first == again


def test_days_are_joined_with_the_benchmarks_and_a_constant_shift_of_both_changes_nothing():
    returns, market = noise(7), pd.Series(noise(8)["s0"].to_numpy(), DAYS)
    shuffled = superior_predictive_ability(market.iloc[50:], returns, draws=200)
    assert shuffled.n == 200
    same = superior_predictive_ability(market.iloc[50:] + 0.01, returns + 0.01, draws=200)
    assert same.consistent == pytest.approx(shuffled.consistent, abs=0.01)
    by_position = superior_predictive_ability(market.to_numpy(), returns, draws=200)
    by_date = superior_predictive_ability(market, returns, draws=200)
    assert by_position == by_date


def test_a_missing_day_of_one_is_left_out_for_all():
    returns = noise(9)
    returns.iloc[3, 1] = np.nan
    assert superior_predictive_ability(0.0, returns, draws=100).n == 249


def test_a_strategy_that_never_trades_is_excluded_and_said_to_be():
    returns = noise(10).assign(idle=0.0, cash=0.01)
    found = superior_predictive_ability(0.0, returns, draws=100)
    assert found.excluded == ("idle", "cash")
    alone = superior_predictive_ability(0.0, returns[["idle"]], draws=100)
    assert (alone.reason, math.isnan(alone.consistent)) == ("zero_variance", True)
    assert stepwise_superior(0.0, returns[["idle"]]).reason == "zero_variance"


def test_few_common_days_are_insufficient():
    returns = noise(11)
    for found in (
        superior_predictive_ability(0.0, returns.iloc[:29]),
        stepwise_superior(0.0, returns.iloc[:29]),
        superior_predictive_ability(pd.Series(0.0, DAYS + pd.Timedelta(days=5_000)), returns),
    ):
        assert found.reason == "insufficient"
        assert found.verdict.startswith("insufficient")
    assert stepwise_superior(0.0, returns.iloc[:29]).superior == ()


@pytest.mark.parametrize(
    ("benchmark", "strategies", "told"),
    [
        (0.0, pd.DataFrame(), "column for each"),
        (0.0, pd.Series([0.1]), "column for each"),
        (0.0, noise(1).iloc[::-1], "ascend"),
        (0.0, noise(1).assign(s0=np.inf), "finite"),
        (0.0, noise(1).set_axis(["a"] * 6, axis=1), "names of their own"),
        (math.nan, noise(1), "benchmark"),
        (np.zeros(7), noise(1), "same length"),
        (pd.Series(0.0, DAYS.tz_localize("UTC")), noise(1), "time zone"),
    ],
)
def test_what_can_not_be_compared_is_refused(benchmark, strategies, told):
    with pytest.raises(InvalidArgumentError, match=told):
        superior_predictive_ability(benchmark, strategies)
    with pytest.raises(InvalidArgumentError, match=told):
        stepwise_superior(benchmark, strategies)
