"""How many sessions a year an exchange has is counted, not assumed."""

from __future__ import annotations

import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.market import sessions_a_year


# nyse.com: 2001 closed four days in September, 2020 had 253 sessions, 2024 252
@pytest.mark.parametrize(("year", "sessions"), [(2001, 248), (2020, 253), (2024, 252)])
def test_a_calendar_counts_its_own_sessions(year, sessions):
    dates = pd.bdate_range(f"{year}-02-01", f"{year}-05-31")
    assert sessions_a_year("XNYS", dates) == sessions
    assert sessions_a_year("XNYS", pd.Series(0.0, dates.tz_localize("UTC"))) == sessions


def test_it_averages_over_the_years_that_the_dates_touch():
    dates = pd.bdate_range("2020-12-01", "2021-01-31")
    assert sessions_a_year("XNYS", dates) == (253 + 252) / 2
    assert sessions_a_year("24/7", dates) == (366 + 365) / 2


def test_what_is_no_calendar_or_has_no_dates_is_refused():
    dates = pd.bdate_range("2024-01-01", periods=20)
    with pytest.raises(UnknownNameError, match="NYSEE"):
        sessions_a_year("NYSEE", dates)
    with pytest.raises(InvalidArgumentError, match="must lie within 1971 to 2049"):
        sessions_a_year("XNYS", pd.bdate_range("1900-01-01", periods=20))
    for nothing in (pd.RangeIndex(3), dates[:0]):
        with pytest.raises(InvalidArgumentError, match="at least one day"):
            sessions_a_year("XNYS", nothing)
