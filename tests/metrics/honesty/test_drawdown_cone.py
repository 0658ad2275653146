"""Drawdown cone: what luck alone would bring."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import longest_drawdown, max_drawdown
from perfkit.metrics.honesty import drawdown_cone, drawdown_odds
from perfkit.metrics.honesty.drawdown_cone import _longest_runs, _wealth_and_depth


@pytest.fixture
def past():
    return np.random.default_rng(0).normal(0.001, 0.01, 400)


def test_paths_are_measured_as_the_metrics_measure_them():
    paths = np.random.default_rng(1).normal(0, 0.2, (50, 40))
    paths[3, 5], paths[4, 0], paths[5, 39] = -1.0, -1.5, -1.0
    wealth, depth = _wealth_and_depth(paths)
    assert depth.max(axis=1) == pytest.approx([max_drawdown(path) for path in paths], abs=1e-12)
    expected = [longest_drawdown(path) for path in paths]
    assert _longest_runs(depth > 0.0).tolist() == expected
    assert wealth[3, 6:].tolist() == [0.0] * 34  # nothing compounds from ruin


def test_the_cone_opens_from_one_and_its_quantiles_are_in_order(past):
    cone = drawdown_cone(past, horizon=30, draws=400)
    assert cone.columns.tolist() == ["period", "level", "wealth", "drawdown"]
    assert cone["period"].tolist() == sorted(list(range(1, 31)) * 3)
    wide = cone.pivot_table(index="period", columns="level", values="wealth")
    assert (wide[0.05] < wide[0.5]).all()
    assert (wide[0.5] < wide[0.95]).all()
    spread = wide[0.95] - wide[0.05]
    assert spread.iloc[-1] > 3 * spread.iloc[0]
    assert cone["drawdown"].between(0.0, 1.0).all()


def test_a_cone_may_look_further_than_the_sample(past):
    cone = drawdown_cone(past[:50], horizon=120, draws=100, levels=[0.5])
    assert cone["period"].iloc[-1] == 120


def test_a_cone_of_what_never_moves_is_a_line():
    cone = drawdown_cone([0.01] * 40, horizon=5, draws=100)
    assert cone["wealth"].to_numpy() == pytest.approx(1.01 ** np.repeat(np.arange(1, 6), 3))
    assert (cone["drawdown"] == 0.0).all()


def test_a_small_sample_draws_no_cone():
    assert len(drawdown_cone([0.01] * 29)) == 0
    assert len(drawdown_cone([])) == 0


def test_a_span_far_worse_than_its_reference_is_unusual(past):
    live = np.random.default_rng(2).normal(-0.004, 0.01, 100)
    odds = drawdown_odds(live, reference=past, draws=400)
    assert odds.depth == pytest.approx(max_drawdown(live))
    assert (odds.n, odds.reference_n) == (100, 400)
    assert odds.depth_p_value < 0.01
    assert odds.depth_percentile > 0.99
    assert odds.verdict.startswith("unusual")
    assert "400 returns of the reference" in odds.verdict


def test_a_span_without_a_drawdown_is_not():
    odds = drawdown_odds([0.01] * 50, reference=np.tile([0.01, -0.01], 50), draws=400)
    assert (odds.depth, odds.length) == (0.0, 0.0)
    assert odds.depth_p_value == 1.0
    assert odds.verdict.startswith("not unusual")


def test_without_a_reference_the_same_returns_in_a_bad_order_are_unusual():
    returns = np.sort(np.random.default_rng(3).normal(0.0005, 0.01, 200))
    worst_order = np.concatenate([returns[100:], returns[:100]])
    odds = drawdown_odds(worst_order, block=2, draws=400)
    assert odds.depth_p_value < 0.01
    assert "another order" in odds.compared


def test_spans_like_their_reference_are_called_unusual_about_as_often_as_said():
    rng, p_values = np.random.default_rng(4), []
    for seed in range(120):
        past, live = rng.normal(0.0006, 0.01, (2, 120))
        odds = drawdown_odds(live, reference=past, draws=100, seed=seed)
        p_values.append((odds.depth_p_value, odds.length_p_value))
    found = np.array(p_values)
    assert ((found < 0.05).mean(axis=0) <= 0.11).all()  # 5 to 6 % in the long run
    assert found.mean(axis=0) == pytest.approx(0.5, abs=0.1)


def test_small_samples_say_insufficient(past):
    odds = drawdown_odds(past, reference=past[:29])
    assert (odds.reason, math.isnan(odds.depth_p_value)) == ("insufficient", True)
    assert odds.verdict == "insufficient: 29 of at least 30 observations to draw from"
    assert drawdown_odds([-0.02]).reason == "insufficient"
    one_day = drawdown_odds([-0.02], reference=past)
    assert one_day.reason is None  # a long reference knows what one day may bring
    assert one_day.depth == pytest.approx(0.02)
    assert drawdown_odds([], reference=past).reason == "too_few"


def test_growth_beyond_a_float_is_said_to_be(past):
    odds = drawdown_odds([1e300, 1e300] * 20, draws=100)
    assert (odds.reason, odds.verdict[:8]) == ("overflow", "overflow")
    cone = drawdown_cone([1e300, 1e299] * 20, horizon=5, draws=100)
    assert cone["wealth"].iloc[-1] == math.inf or math.isnan(cone["wealth"].iloc[-1])


def test_the_seed_alone_decides(past):
    one, again = (drawdown_odds(past[:80], reference=past, draws=100) for _ in range(2))
    assert one == again
    assert drawdown_cone(past, draws=100).equals(drawdown_cone(past, draws=100))


@pytest.mark.parametrize(
    ("options", "told"),
    [({"horizon": -1}, "horizon"), ({"horizon": 1.5}, "horizon"), ({"levels": [0.0]}, "levels"),
     ({"draws": 1}, "draws"), ({"block": 0}, "block")],
)  # fmt: skip
def test_a_wrong_argument_is_named(past, options, told):
    with pytest.raises(InvalidArgumentError, match=told):
        drawdown_cone(past, **options)
