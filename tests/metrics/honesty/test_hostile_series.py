"""No series makes honesty raise anything but its documented errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import honesty as h
from perfkit.metrics import max_drawdown

EDGES = [0.0, -1.0, -1.5, 1e300, -1e300, 1e-300, 5e-324, 0.01, np.nan]
hostile = st.one_of(
    st.lists(st.sampled_from(EDGES), max_size=60),
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=60),
    st.builds(lambda v, n: [v] * n, st.sampled_from(EDGES), st.integers(0, 80)),
    st.builds(lambda v: [0.01, -0.01] * 25 + v, st.lists(st.sampled_from(EDGES), max_size=5)),
)


def calls(values):
    frame = pd.DataFrame({"a": values, "b": values[::-1]}, dtype=np.float64)
    yield lambda: h.probabilistic_sharpe_ratio(values)
    yield lambda: h.probabilistic_sharpe_ratio(values, small_sample="answer", moments="unbiased")
    yield lambda: h.minimum_track_record_length(values, variance_at="null", plus_one=False)
    yield lambda: h.sharpe_standard_error(values)
    yield lambda: h.deflated_sharpe_ratio(values, trials=h.trials_of(values))
    yield lambda: h.confidence_interval(values, max_drawdown, draws=100)
    yield lambda: h.superior_predictive_ability(0.0, frame, draws=100)
    yield lambda: h.stepwise_superior(values, frame, draws=100)
    yield lambda: h.drawdown_cone(values, draws=100, horizon=3)
    yield lambda: h.drawdown_odds(values, draws=100)
    yield lambda: h.drawdown_odds(values, reference=[0.01, -0.01] * 20, draws=100)
    yield lambda: h.decay_test(values, expected=0.01)
    yield lambda: h.decay_test([0.01, -0.01] * 40, expected=values, block=2)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(hostile)
def test_a_hostile_series_gives_an_answer_or_a_documented_error(values):
    for call in calls(values):
        try:
            answer = call()
        except InvalidArgumentError as error:
            assert "finite" in str(error)  # noqa: PT017
            continue
        reason = getattr(answer, "reason", None)
        if reason is not None:
            assert answer.verdict.startswith(reason)


@pytest.mark.parametrize("name", h.__all__)
def test_every_public_name_is_documented(name):
    assert getattr(h, name) is h.ENOUGH or getattr(h, name).__doc__
