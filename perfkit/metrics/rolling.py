"""Rolling: a metric over every full window of observations.

Each window is measured anew from its own observations, by the function of the
catalogue and never by subtracting what left it, so that nothing drifts: a
value is, to the last bit, what the metric says of that window alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Unpack, get_type_hints

import numpy as np
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.catalog import METRICS
from perfkit.metrics.observations import Observed, aligned, observations
from perfkit.metrics.readings import compute
from perfkit.metrics.sample import Terms
from perfkit.metrics.span import WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.metrics.metric import Metric
    from perfkit.metrics.observations import Floats

__all__ = ["RollingTerms", "rolling", "window_length"]

COUNTED = {"d": "days with a return", "t": "closed round trips"}


class RollingTerms(Terms, total=False):
    """What is said once for all windows.

    Attributes
    ----------
    benchmark : array-like of shape (n,)
        The benchmark's returns: a Series is joined by date.
    min_periods : int
        Observations from which on a window that is not yet full is measured too; those
        of a full window by default.
    """

    benchmark: Any
    min_periods: int


class _Span(NamedTuple):
    """A window has ``most`` observations, and at least ``least``."""

    least: int
    most: int


class _Rows(NamedTuple):
    """Known rows: each run of them is one window."""

    columns: tuple[Floats, ...]
    dates: pd.Index[Any]


def rolling(
    returns: Any = None,
    metrics: str | Sequence[str] = "headline",
    *,
    window: int | str,
    trades: Any = None,
    **terms: Unpack[RollingTerms],
) -> pd.DataFrame:
    """Measure every full window of returns, or of closed round trips.

    Parameters
    ----------
    returns : array-like of shape (n,), optional
        Simple returns a period; a missing one is no observation.
    metrics : str or sequence of str
        ``headline``, ``all``, or names, as for `compute`.
    window : int or str
        How many observations: 63, or ``"63d"`` for the last 63 days that have
        a return, ``"100t"`` for the last 100 round trips. Only full windows are
        measured, unless `min_periods` says otherwise.
    trades : array-like of shape (n_trips,), optional
        Net P&L of round trips in the order in which they closed, instead of
        returns.
    **terms
        ``benchmark`` and ``min_periods``, see `RollingTerms`, and as for `compute`
        ``periods``, ``rf`` and ``rf_per_period``: a number, or a Series with dates. Where
        periods are read from the dates, they are those of the whole series for every
        window.

    Returns
    -------
    DataFrame of shape (n - min_periods + 1, n_metrics)
        Indexed by the last date of each window, or by its position where the
        data has no dates. Beside a benchmark a window holds the last rows
        that both have; where its last day is not theirs, the value is NaN.
        ``.attrs["reasons"]`` has a code of `REASONS` for each metric that has
        no window, because there are fewer observations.

    Raises
    ------
    InvalidArgumentError
        When the window is none, is of days where several observations are of
        one day, or what is asked can't be answered from what was given.
    UnknownNameError
        For a metric that is not in the catalogue.

    Examples
    --------
    >>> rolling([0.01, -0.02, 0.03], ["total_return", "max_drawdown"], window=2).round(4)
       total_return  max_drawdown
    1       -0.0102          0.02
    2        0.0094          0.02
    """
    if (returns is None) == (trades is None):
        raise InvalidArgumentError(
            "a window is of returns or of round trips; give returns or trades=, one of them, "
            "and call it twice for both"
        )
    unit, data = ("d", returns) if trades is None else ("t", trades)
    span = _span(window_length(window, unit), terms)
    own = _trips(data) if unit == "t" else _returns(data, by_day=isinstance(window, str))
    # the same choice of metrics, and the same refusals, as where the whole is measured
    sample: dict[str, Any] = {"trades": own.columns[0]} if unit == "t" else {"returns": returns}
    if unknown := sorted(terms.keys() - get_type_hints(RollingTerms).keys()):
        raise InvalidArgumentError(
            f"rolling takes {', '.join(get_type_hints(RollingTerms))}, was given {unknown}"
        )
    asked: dict[str, Any] = {n: term for n, term in terms.items() if n != "min_periods"}
    whole = compute(**sample, metrics=metrics, **asked)
    market = terms.get("benchmark")
    pair = own if market is None or unit == "t" else _paired(returns, market, own)
    said = {**asked, "periods": whole.attrs["periods"]}
    frame, reasons = pd.DataFrame(index=own.dates[span.least - 1 :]), {}
    for name in whole.index:
        rows = pair if METRICS[name].needs == "benchmark" else own
        values = _measured(METRICS[name], rows, span, said)
        frame[name] = values if rows is own else values.reindex(frame.index)
        if len(rows.dates) < span.least or span.most < METRICS[name].minimum:
            reasons[name] = "too_few" if len(rows.dates) or not len(own.dates) else "no_overlap"
    frame.attrs["reasons"] = reasons
    return frame


def window_length(window: int | str, unit: str) -> int:
    """Read how many observations a window has.

    Parameters
    ----------
    window : int or str
        A number, or with its unit: ``"63d"``, ``"100t"``.
    unit : {"d", "t"}
        What is counted: days, or round trips.

    Raises
    ------
    InvalidArgumentError
        When it is no number of at least 1, or counts something else.
    """
    if isinstance(window, (int, np.integer)) and not isinstance(window, bool) and window >= 1:
        return int(window)
    named = WINDOW.fullmatch(window) if isinstance(window, str) else None
    if named is None or named[2] != unit:
        raise InvalidArgumentError(
            f"window must be a number of {COUNTED[unit]}, at least 1, such as 63 or '63{unit}', "
            f"was {window!r}"
        )
    return int(named[1])


def _span(length: int, terms: RollingTerms) -> _Span:
    least = terms.get("min_periods", length)
    if not isinstance(least, int | np.integer) or not 1 <= least <= length:
        raise InvalidArgumentError(
            f"min_periods must be from 1 to the window's {length}, was {least!r}; "
            "leave it out to measure full windows only"
        )
    return _Span(int(least), length)


def _returns(data: Any, *, by_day: bool) -> _Rows:
    """Take the known returns with their dates, or with their positions."""
    known = observations(data)
    index = _index(data)[~np.isnan(_numbers(data))]
    if by_day and isinstance(index, pd.DatetimeIndex):
        days = index.normalize()
        if not days.is_unique:
            raise InvalidArgumentError(
                f"a window of days needs one return a day, {days[days.duplicated()][0]:%Y-%m-%d} "
                "has several; give window as a number of observations, or daily returns"
            )
    return _Rows((known,), index)


def _trips(data: Any) -> _Rows:
    """Take the known P&L; unlike returns, two trips may be of the same moment."""
    index = _index(data)
    if isinstance(index, pd.DatetimeIndex) and not index.is_monotonic_increasing:
        raise InvalidArgumentError(
            "round trips must stand in the order in which they closed; sort them by exit time"
        )
    bare = data.reset_index(drop=True) if isinstance(data, pd.Series) else data
    return _Rows((observations(bare),), index[~np.isnan(_numbers(bare))])


def _paired(returns: Any, benchmark: Any, own: _Rows) -> _Rows:
    """Take the rows that both have."""
    columns = aligned(returns, benchmark)
    if isinstance(returns, pd.Series) and isinstance(benchmark, pd.Series):
        return _Rows(columns, own.dates.intersection(benchmark.dropna().index))
    missing = np.isnan(_numbers(returns)) | np.isnan(_numbers(benchmark))
    return _Rows(columns, _index(returns)[~missing])


def _numbers(data: Any) -> Floats:
    if isinstance(data, pd.Series):
        return data.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(data, dtype=np.float64)


def _index(data: Any) -> pd.Index[Any]:
    return data.index if isinstance(data, pd.Series) else pd.RangeIndex(np.size(data))


def _measured(
    entry: Metric, rows: _Rows, span: _Span, terms: Mapping[str, Any]
) -> pd.Series[float]:
    told = {name: terms[name] for name in entry.options if terms.get(name) is not None}
    if "rf_per_period" in told:
        told.pop("rf", None)
    rates = _known_rates(told.get("rf_per_period"), rows.dates)
    # rates with gaps are joined with the dates of each window, all else is by position
    is_by_date = np.ndim(told.get("rf_per_period", 0.0)) > 0 and rates is None
    columns: tuple[Any, ...] = rows.columns
    if is_by_date:
        columns = tuple(pd.Series(column, rows.dates) for column in columns)
    values = np.empty(max(len(rows.dates) - span.least + 1, 0))
    for i, end in enumerate(range(span.least, len(rows.dates) + 1)):
        here = slice(max(end - span.most, 0), end)
        window = (column[here] for column in columns)
        if rates is not None:
            told["rf_per_period"] = rates[here]
        values[i] = entry.function(*(window if is_by_date else map(Observed, window)), **told)
    return pd.Series(values, rows.dates[span.least - 1 :])


def _known_rates(rates: Any, dates: pd.Index[Any]) -> Floats | None:
    """Give the rate of each date where all have one."""
    if not isinstance(rates, pd.Series) or not len(dates):
        return None
    found = _numbers(rates.reindex(dates))
    return None if np.isnan(found).any() else found
