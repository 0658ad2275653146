"""The inference on Sharpe ratios against numbers that others published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from perfkit.metrics import honesty

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "honesty.json").read_text(encoding="utf-8")
)


def cases(*functions):
    chosen = [case for case in REFERENCE["cases"] if case["function"] in functions]
    return pytest.mark.parametrize("case", chosen, ids=lambda c: c["source"][:70])


@cases(
    "probabilistic_sharpe_ratio",
    "minimum_track_record_length",
    "sharpe_standard_error",
    "deflated_sharpe_ratio",
)
def test_the_inference_gives_the_published_number(case):
    given = dict(case["input"])
    record = given.pop("record", None)
    returns = honesty.SharpeRecord(**record) if record else given.pop("returns")
    options = given.pop("options", {})
    value = getattr(honesty, case["function"])(returns, **given, **options)
    assert value == pytest.approx(case["expected"], abs=case["tolerance"])


@cases("expected_maximum_sharpe")
def test_the_hurdle_of_many_trials_is_the_published_one(case):
    value = honesty.expected_maximum_sharpe(**case["input"])
    assert value == pytest.approx(case["expected"], abs=case["tolerance"])


@cases("sharpe_haircut")
def test_the_haircut_is_the_published_one(case):
    given = dict(case["input"])
    field = given.pop("read")
    cut = honesty.sharpe_haircut(**given)
    assert getattr(cut, field) == pytest.approx(case["expected"], abs=case["tolerance"])


@cases("adjusted_p_values")
def test_the_adjusted_p_values_are_the_published_ones(case):
    given = dict(case["input"])
    first = given.pop("first", None)
    adjusted = honesty.adjusted_p_values(**given)[:first]
    assert adjusted == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("bhy", "fdr_by")])
def test_the_adjusted_p_values_are_those_of_statsmodels(method, theirs):
    from statsmodels.stats.multitest import multipletests

    p_values = np.random.default_rng(5).random(40) ** 3
    expected = multipletests(p_values, method=theirs)[1]
    assert honesty.adjusted_p_values(p_values, method) == pytest.approx(expected, abs=1e-12)


def test_the_kurtosis_of_psr_is_raw_where_lean_takes_the_excess():
    # the returns of LEAN's own test, which asserts 0.257146; by hand: n = 4, s = -0.248506,
    # skewness -0.789967, raw kurtosis 2.144341, hence Phi(-0.539533 / 0.906287)
    lean = [-0.009025132, 0.003653969, 0, 0]
    told = {"benchmark_sharpe": 0.06299407883487121, "small_sample": "answer"}
    assert honesty.probabilistic_sharpe_ratio(lean, **told) == pytest.approx(0.2758, abs=5e-5)


def test_psr_is_that_of_quantstats_with_its_conventions():
    import pandas as pd
    import quantstats

    days = pd.date_range("2020-01-01", periods=300)
    returns = pd.Series(np.random.default_rng(2014).standard_t(5, 300) * 0.01 + 0.0008, days)
    own = honesty.probabilistic_sharpe_ratio(returns, moments="unbiased")
    assert own == pytest.approx(quantstats.stats.probabilistic_sharpe_ratio(returns), abs=1e-12)


def test_an_interval_matches_the_one_read_from_archs_own_resamples():
    from arch.bootstrap import StationaryBootstrap

    returns = np.random.default_rng(1).normal(0.001, 0.01, 200)
    found = honesty.confidence_interval(returns, np.mean, block=4, draws=999, seed=3)
    means = StationaryBootstrap(4, returns, seed=3).apply(np.mean, 999).ravel()
    # the bound is one of the resamples, in the tail of 2.5 % give or take correction and widening
    assert found.low in means
    assert found.high in means
    assert np.mean(means <= found.low) == pytest.approx(0.025, abs=0.015)
    assert np.mean(means >= found.high) == pytest.approx(0.025, abs=0.015)
