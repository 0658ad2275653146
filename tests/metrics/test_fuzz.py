"""Whatever it is given, a metric answers with numbers or with a documented error."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import PerfkitError
from perfkit.metrics import METRICS, PROFILES, REASONS, compute, explain
from perfkit.metrics.options import Handling, choices

HOSTILE = [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 1e-320, 1e300, -1e300, 2**53, 1e-17]
NUMBERS = st.one_of(st.floats(-1.5, 3.0), st.sampled_from(HOSTILE), st.none())
NO_NUMBERS = [
    "hello", ["a", "b"], ["0.1", "0.2"], [[0.1, 0.2], [0.3, 0.4]], [[0.1], [0.2, 0.3]], [object()],
    {"a": 1.0}, 7.0, None, [1 + 2j], pd.Series(["x", "y"]), np.array([b"x"]),
    pd.Series(pd.date_range("2024", periods=2)),
]  # fmt: skip


@st.composite
def columns(draw):
    """Draw lists, arrays, frames and Series: unsorted, doubled, zoned, of any type."""
    values = draw(st.lists(NUMBERS, max_size=12))
    kind = draw(st.sampled_from(["list", "array", "series", "dated", "zoned", "frame", "float32"]))
    plain = np.array([math.nan if v is None else v for v in values], np.float64)
    if kind == "list":
        return values
    if kind == "float32":
        with np.errstate(over="ignore"):
            return plain.astype(np.float32)
    if kind in ("series", "frame"):
        series = pd.Series(plain)
        return series if kind == "series" else series.to_frame("a")
    if kind == "array":
        return plain
    day = st.integers(0, 20)
    is_sorted = draw(st.booleans())
    numbers = draw(st.lists(day, min_size=len(plain), max_size=len(plain), unique=is_sorted))
    if is_sorted:
        numbers.sort()
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers, unit="D")
    return pd.Series(plain, dates.tz_localize("Asia/Tokyo") if kind == "zoned" else dates)


def terms_of(draw, metric):
    """Draw any value of any option, right or wrong."""
    known = {"periods": st.sampled_from([252, 12.0, 1, 0, -3, math.nan, 1e-9, 1e9])}
    known["rf"] = st.sampled_from([0.0, 0.04, -0.5, -1.0, 5.0, math.nan])
    known["rf_per_period"] = st.sampled_from([None, 0.001, math.nan, [0.01], pd.Series([0.1])])
    said = {"periods": 252} if "periods" in metric.options else {}
    handled = choices(Handling)
    for name, default in metric.options.items():
        if draw(st.integers(0, 3)):
            continue
        if name in known:
            said[name] = draw(known[name])
        elif name in handled:
            said[name] = draw(st.sampled_from(handled[name]))
        elif isinstance(default, bool | str):
            said[name] = draw(st.sampled_from([default, "nonsense", not default]))
        else:
            said[name] = draw(st.sampled_from([default, -1.0, 0, 0.5, 1, 3.0, math.nan, math.inf]))
    return said


def settle(act):
    """Act, and take a documented error for an answer."""
    try:
        return act()
    except PerfkitError:
        return None


@pytest.mark.parametrize("name", METRICS)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_metric_answers_or_refuses(name, data):
    metric = METRICS[name]
    given_columns = [data.draw(columns())]
    if metric.needs == "benchmark":
        given_columns.append(data.draw(columns().filter(lambda c: not isinstance(c, pd.DataFrame))))
    said = terms_of(data.draw, metric)
    value = settle(lambda: metric.function(*given_columns, **said))
    assert value is None or isinstance(value, float | pd.Series)


@pytest.mark.parametrize("name", METRICS)
def test_what_is_no_column_of_numbers_is_refused(name):
    metric = METRICS[name]
    said = {"periods": 252} if "periods" in metric.options else {}
    for nothing in NO_NUMBERS:
        beside = [nothing] if metric.needs == "benchmark" else []
        with pytest.raises(PerfkitError):
            metric.function(nothing, *beside, **said)


@settings(deadline=None, max_examples=40)
@given(columns(), columns(), columns(), st.sampled_from(sorted(PROFILES)))
def test_compute_answers_with_reasons_or_refuses(returns, trades, benchmark, profile):
    table = settle(
        lambda: compute(
            returns, trades, benchmark=benchmark, profile=profile, metrics="all", periods=252
        )
    )
    if table is not None:
        is_finite = np.isfinite(table["value"].to_numpy())
        assert (table["reason"].isna().to_numpy() == is_finite).all()
        assert set(table["reason"].dropna()) <= set(REASONS)


@settings(deadline=None, max_examples=40)
@given(columns(), st.sampled_from(sorted(METRICS)), st.sampled_from(sorted(PROFILES)))
def test_an_explanation_is_given_or_refused(values, name, profile):
    said = settle(lambda: explain(name, values, values, b=profile, benchmark=values, periods=252))
    assert said is None or said.text
