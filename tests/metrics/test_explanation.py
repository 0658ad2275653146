"""Why two numbers differ is said in words, and its parts sum to the difference."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.metrics import METRICS, PROFILES, Profile, compute, explain
from perfkit.metrics.option_words import MEANING

DAYS = pd.bdate_range("2024-01-01", periods=120)
RETURNS = pd.Series(np.random.default_rng(5).normal(0.0005, 0.01, 120), DAYS)
MARKET = pd.Series(np.random.default_rng(6).normal(0.0005, 0.01, 120), DAYS)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", METRICS)
def test_both_values_are_those_of_compute_and_the_steps_lead_from_one_to_the_other(name, profile):
    needs = METRICS[name].needs
    data = {"trades": [1.0, -2.0, 3.0]} if needs == "trades" else {"returns": RETURNS}
    if needs == "benchmark":
        data["benchmark"] = MARKET
    said = explain(name, **data, b=profile)
    for value, whose in ((said.a, "perfkit"), (said.b, profile)):
        own = compute(**data, metrics=[name], profile=whose)["value"].item()
        assert own == value or (math.isnan(own) and math.isnan(value))
    if math.isfinite(said.a) and math.isfinite(said.b):
        assert said.steps["effect"].sum() == pytest.approx(said.b - said.a, abs=1e-9)
    assert len(said.text.splitlines()) >= 1 + len(said.steps)


def test_a_difference_of_one_option_is_one_sentence():
    own = Profile(name="mine", source="a test", periods=252, options={"cagr": {"nan": "zero"}})
    gaps = RETURNS.where(RETURNS.index != DAYS[3])
    said = explain("cagr", gaps, b=own)
    assert said.steps["option"].tolist() == ["nan"]
    assert "A missing return counts as 0" in str(said)
    assert f"{said.b - said.a:+.6g}" in repr(said)


def test_profiles_that_agree_say_so():
    said = explain("max_drawdown", RETURNS, a="perfkit", b="perfkit")
    assert "no option differs" in said.text
    assert said.a == said.b


def test_what_a_profile_cannot_give_is_said():
    own = Profile(name="mine", source="a test", deviations={"cagr": "it counts holidays"})
    assert "it counts holidays" in explain("cagr", RETURNS, b=own).text


def test_a_step_that_only_rounds_has_no_effect_and_one_from_nothing_to_nothing_neither():
    own = Profile(name="mine", source="a test", periods=252, options={
        "cvar_historical": {"rule": "lowest"}, "sharpe_ratio": {"ddof": 0},
    })  # fmt: skip
    assert "no effect here" in explain("cvar_historical", RETURNS, b=own).text
    assert explain("sharpe_ratio", [0.01, 0.01], b=own, periods=252).text.endswith(
        "A variance divides by n (ddof=0, not 1): no effect here, to nan."
    )


def test_an_option_is_told_after_the_one_by_which_alone_it_is_heard():
    said = explain("cagr", RETURNS, b="lean")
    assert said.steps["option"].tolist() == ["years", "days_in_year"]
    assert (said.steps["effect"] != 0.0).all()
    assert "A calendar year has 365 days, not 365.25" in said.text
    assert said.text.endswith("depends on their order.")


@pytest.mark.parametrize("told", [{"rf": 0.04}, {"rf_per_period": 0.0001}, {"periods": 365.0}])
def test_a_profile_of_ones_own_may_say_the_rate_and_the_year_too(told):
    own = Profile(name="mine", source="a test", options={"sharpe_ratio": told})
    rates = pd.Series(0.0002, DAYS)
    for terms in ({}, {"rf_per_period": rates} if "rf" not in told else {"rf": 0.02}):
        said = explain("sharpe_ratio", RETURNS, b=own, **terms)
        theirs = compute(RETURNS, metrics=["sharpe_ratio"], profile=own, **terms)
        assert said.b == theirs["value"].item() != said.a
        assert said.steps["option"].tolist() == list(told)


def test_what_a_profile_of_ones_own_misspells_is_refused():
    for wrong in ({"options": {"sharp": {"ddof": 0}}}, {"everywhere": {"dof": 0}}):
        own = Profile(name="mine", source="a test", **wrong)
        with pytest.raises(UnknownNameError, match=r"sharp|dof"):
            compute(RETURNS, metrics=["cagr"], profile=own)


def test_a_profile_that_takes_returns_for_trades_says_so():
    said = explain("win_rate", RETURNS, [1.0, -2.0, 0.0], b="quantstats")
    assert "takes each period's return for a round trip" in said.text


def test_what_there_is_not_is_refused():
    with pytest.raises(UnknownNameError, match="no profile 'quantstat'"):
        explain("cagr", RETURNS, b="quantstat")
    with pytest.raises(UnknownNameError, match="no metric 'sharp'"):
        explain("sharp", RETURNS)
    with pytest.raises(InvalidArgumentError, match="alpha needs benchmark"):
        explain("alpha", RETURNS)
    with pytest.raises(InvalidArgumentError, match="was given"):
        explain("cagr", RETURNS, period=252)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=30), st.sampled_from(sorted(PROFILES)))
def test_no_series_makes_an_explanation_fail(values, profile):
    values = pd.Series(values, pd.date_range("2024-01-31", periods=len(values), freq="ME"))
    for name, metric in METRICS.items():
        data = {"trades": values} if metric.needs == "trades" else {"returns": values}
        if metric.needs == "benchmark":
            data["benchmark"] = -values
        assert explain(name, **data, b=profile, periods=252).text


@pytest.mark.parametrize("profile", PROFILES)
def test_every_option_of_a_profile_has_its_words(profile):
    for name, said in PROFILES[profile].options.items():
        if name in METRICS:
            assert set(said) <= set(METRICS[name].options), name
        for option, value in said.items():
            known = METRICS[name].options.get(option) if name in METRICS else value
            assert isinstance(value, float) or {value, known} <= MEANING[option].keys(), option
