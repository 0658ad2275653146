"""Results in units of risk."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import expectancy_r


def test_the_expectancy_is_the_mean_of_what_was_gained_for_what_was_risked():
    # hand calculation: 3 R, -1 R, -1 R and 1 R make 2 R in four trips
    assert expectancy_r([3.0, -1.0, -1.0, 1.0]) == 0.5


def test_a_trip_whose_risk_is_not_known_is_not_counted():
    assert expectancy_r([2.0, math.nan, -1.0]) == 0.5


@pytest.mark.parametrize("nothing", [[], [math.nan]])
def test_without_a_known_risk_there_is_no_expectancy(nothing):
    assert math.isnan(expectancy_r(nothing))


def test_a_frame_is_answered_column_by_column():
    frame = pd.DataFrame({"trend": [1.0, 3.0], "revert": [-1.0, math.nan]})
    assert expectancy_r(frame).to_dict() == {"trend": 2.0, "revert": -1.0}


def test_an_infinite_result_is_refused():
    with pytest.raises(InvalidArgumentError):
        expectancy_r([math.inf])
