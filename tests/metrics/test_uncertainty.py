"""Around a metric stand the limits within which its true value may lie, or why there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import HEADLINE, PROFILES, Tally, compute
from perfkit.metrics.honesty import confidence_interval

DAYS = pd.bdate_range("2022-01-03", periods=300)
RNG = np.random.default_rng(8)
RETURNS = pd.Series(RNG.normal(0.0008, 0.01, 300), DAYS)
MARKET = 0.6 * RETURNS + pd.Series(RNG.normal(0.0, 0.006, 300), DAYS)
TRIPS = RNG.normal(3.0, 20.0, 80)


def table(level=0.95, **more):
    return compute(RETURNS, TRIPS, benchmark=MARKET, level=level, **more)


def test_every_headline_metric_lies_within_its_limits_or_says_why_there_are_none():
    found = table()
    assert tuple(found.index) == HEADLINE
    known = found["limits_reason"].isna()
    assert ((found["low"] <= found["value"]) & (found["value"] <= found["high"]))[known].all()
    assert found.loc[~known, ["low", "high"]].isna().all(axis=None)
    assert found["limits_reason"].dropna().to_dict() == {"trade_count": "insufficient"}


def test_they_are_those_of_the_stationary_bootstrap():
    own = confidence_interval(RETURNS, lambda r: r.mean() / r.std(ddof=1) * 252**0.5)
    sharpe = table().loc["sharpe_ratio"]
    assert sharpe["low"] == pytest.approx(own.low)
    assert sharpe["high"] == pytest.approx(own.high)


def test_more_confidence_is_wider():
    narrow, wide = (table(level)[["low", "high"]].dropna() for level in (0.5, 0.99))
    inner = (wide["high"] - wide["low"])[narrow.index.intersection(wide.index)]
    assert (inner > (narrow["high"] - narrow["low"])[inner.index]).all()


def test_a_small_sample_has_no_limits():
    found = compute(RETURNS[:20], level=0.95, periods=252)
    assert (found["limits_reason"] == "insufficient").all()
    assert found[["low", "high"]].isna().all(axis=None)


def test_a_tally_cannot_be_resampled():
    found = compute(trades=Tally.of(TRIPS), level=0.95)
    assert (found["limits_reason"] == "undefined").all()


def test_a_rate_by_date_is_resampled_with_the_returns():
    flat = table(rf_per_period=0.0001)
    dated = table(rf_per_period=pd.Series(0.0001, DAYS))
    for name in ("sharpe_ratio", "alpha"):
        assert dated.loc[name, ["low", "high"]].tolist() == pytest.approx(
            flat.loc[name, ["low", "high"]].tolist()
        )


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_limits(profile):
    found = table(profile=profile, periods=252)
    assert found.loc["sharpe_ratio", "low"] < found.loc["sharpe_ratio", "high"]


@pytest.mark.parametrize("level", [0.0, 1.0, 95, -0.1])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(InvalidArgumentError, match="level must lie between 0 and 1"):
        table(level)


def test_nothing_selected_has_no_limits():
    assert list(compute(RETURNS, metrics=[], level=0.95).columns)[-3:] == [
        "low", "high", "limits_reason",
    ]  # fmt: skip
