"""What a metric is computed from: clean columns of finite numbers.

Missing values are dropped and not counted; infinite ones, unsorted and
duplicate dates are refused. A frame is answered column by column.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.options import Handling, full_signature, options_of
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "GUARD",
    "Floats",
    "Observed",
    "PerColumn",
    "aligned",
    "normalised",
    "observations",
    "per_column",
    "without_missing",
]

Floats: TypeAlias = npt.NDArray[np.float64]

# A dispersion below this part of the largest value is rounding, not risk: a
# constant series of n floats has a computed deviation of a few eps, not of 0.
GUARD = 64 * float(np.finfo(np.float64).eps)

_NUMERIC = "biufO"  # kinds of numpy's types: truth values, integers, floats, objects


@dataclass(frozen=True, slots=True)
class Observed:
    """A column that was checked once: finite float64, nothing missing, in order.

    Whoever asks many metrics of one column checks it once and gives this in its place.
    """

    values: Floats


class PerColumn(Protocol):
    """A metric of one column that also takes a frame, and the options of `Handling`."""

    __name__: str

    @overload
    def __call__(self, data: pd.DataFrame, /, *args: Any, **options: Any) -> pd.Series[float]: ...
    @overload
    def __call__(self, data: Any, /, *args: Any, **options: Any) -> float: ...


def per_column(metric: Callable[..., float]) -> PerColumn:
    """Let a metric of one column answer a frame, and take the options of `Handling`."""

    @functools.wraps(metric)
    def measured(
        data: Any, /, *args: Any, nan: str = "drop", undefined: str = "ieee", **options: Any
    ) -> float | pd.Series[float]:
        if isinstance(data, pd.DataFrame):
            how = {**options, "nan": nan, "undefined": undefined}
            values = [measured(data[name], *args, **how) for name in data.columns]
            return pd.Series(values, index=data.columns, dtype=np.float64)
        if undefined != "ieee":
            options_of(Handling, {"undefined": undefined})
        if nan != "drop":
            data, *rest = (without_missing(column, nan) for column in (data, *args))
            args = tuple(rest)
            if "benchmark" in options:
                options["benchmark"] = without_missing(options["benchmark"], nan)
        value = metric(data, *args, **options)
        if undefined == "ieee" or math.isfinite(value):
            return value
        return _settled(data, undefined)

    vars(measured)["__signature__"] = full_signature(metric)
    return cast("PerColumn", measured)


def without_missing(data: Any, nan: str) -> Any:
    """Count what is missing as 0, or refuse it."""
    options_of(Handling, {"nan": nan})
    if isinstance(data, Observed | Tally):
        return data  # nothing is missing in either
    values = _floats(data)
    missing = np.isnan(values)
    if nan == "refuse" and missing.any():
        where = int(missing.argmax())
        named = data.index[where] if isinstance(data, pd.Series) else f"position {where}"
        raise InvalidArgumentError(
            f"observations must not be missing with nan='refuse', was NaN at {named}; "
            "give a number, or say nan='drop' or nan='zero'"
        )
    filled = np.where(missing, 0.0, values)
    return pd.Series(filled, data.index) if isinstance(data, pd.Series) else filled


def _settled(data: Any, undefined: str) -> float:
    """Write a value that is not finite as the caller wants it."""
    if undefined == "zero":
        return 0.0
    size = data.n if isinstance(data, Tally) else observations(data).size
    return math.inf if undefined == "inf" and size > 1 else math.nan


def observations(data: Any) -> Floats:
    """Read one column of numbers, without its missing values.

    Parameters
    ----------
    data : array-like of shape (n,)
        Array, list, Series or Arrow column. NaN and None are missing.

    Returns
    -------
    ndarray of shape (n_valid,)
        Finite float64 values, in order.

    Raises
    ------
    InvalidArgumentError
        When a value is infinite, the data has two dimensions, or its dates
        are unsorted or duplicate.
    """
    if isinstance(data, Observed):
        return data.values
    values = _floats(data)
    return values[~np.isnan(values)]


def aligned(*columns: Any) -> tuple[Floats, ...]:
    """Pair columns: by date when all have one, else by position.

    Parameters
    ----------
    *columns : array-like of shape (n,)
        Series are joined on the dates that all have; beside anything else all must have
        the same length, and the Series among them the same dates.

    Returns
    -------
    tuple of ndarray
        Every column on the rows where none is missing.

    Raises
    ------
    InvalidArgumentError
        When the lengths or dates differ, or one index has a time zone and another
        has none.
    """
    if all(isinstance(column, Observed) for column in columns):
        return _of_one_length([column.values for column in columns])
    dated = [column for column in columns if isinstance(column, pd.Series)]
    if len(dated) == len(columns):
        columns = _joined(dated)
    elif any(not column.index.equals(dated[0].index) for column in dated):
        raise InvalidArgumentError(
            "columns must all have dates where two of them have different ones; "
            "give every column as a Series with its dates"
        )
    values = _of_one_length([_floats(column) for column in columns])
    complete = ~functools.reduce(np.logical_or, map(np.isnan, values))
    return tuple(column[complete] for column in values)


def _of_one_length(columns: list[Floats]) -> tuple[Floats, ...]:
    sizes = [column.size for column in columns]
    if len(set(sizes)) > 1:
        raise InvalidArgumentError(
            f"arrays must have the same length to be paired, were {' and '.join(map(str, sizes))}; "
            "give Series with dates, or cut the arrays to the same rows"
        )
    return tuple(columns)


def normalised(values: Floats, reference: Floats | None = None) -> tuple[Floats, float]:
    """Divide by the power of two next to the largest magnitude.

    The division is exact; afterwards `GUARD` is an absolute bound and no
    square overflows.

    Returns
    -------
    tuple of ndarray and float
        The scaled values and the scale, 1 for an empty or all-zero column.
    """
    largest = max(
        (float(np.abs(v).max()) for v in (values, reference) if v is not None and v.size),
        default=0.0,
    )
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest > 0 else 1.0
    return values / scale, scale


def _floats(data: Any) -> Floats:
    if isinstance(data, Observed):
        return data.values
    if isinstance(data, pd.Series):
        _check_dates(data.index)
    values = _numbers(data)
    if values.ndim != 1:
        raise InvalidArgumentError(
            f"a metric takes one column of shape (n,), was {values.shape}; give one of them, "
            "such as frame['name'], or as the returns of a metric a pandas DataFrame"
        )
    if np.isinf(values).any():
        where = int(np.flatnonzero(np.isinf(values))[0])
        raise InvalidArgumentError(
            f"observations must be finite, was {values[where]} at position {where}; "
            "a value that is not known is NaN"
        )
    return values


def _numbers(data: Any) -> Floats:
    try:
        if isinstance(data, np.ma.MaskedArray):
            data = np.ma.filled(data.astype(np.float64), np.nan)
        column = data if isinstance(data, pd.Series) else np.asarray(data)
        if column.dtype.kind not in _NUMERIC:  # a date or a text can be converted, to nonsense
            raise TypeError(f"they are {column.dtype}")
        if isinstance(column, pd.Series):
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        return column.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"observations must be numbers, was {type(data).__name__} {str(data)[:60]!r}: {error}; "
            "a value that is not known is NaN"
        ) from error


def _check_dates(index: pd.Index[Any]) -> None:
    if not isinstance(index, pd.DatetimeIndex):
        return
    if index.hasnans:
        raise InvalidArgumentError(
            f"dates must be known, {np.count_nonzero(index.isna())} of {len(index)} are missing; "
            "leave out the rows without one"
        )
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise InvalidArgumentError(
            f"dates must be unique, {twice} stands twice; combine the rows of a date first"
        )
    if not index.is_monotonic_increasing:
        early = index[1:][index[1:] < index[:-1]][0]
        raise InvalidArgumentError(
            f"dates must ascend, {early} follows a later date; sort the series first"
        )


def _joined(columns: list[pd.Series[Any]]) -> tuple[pd.Series[Any], ...]:
    dates = [s.index for s in columns if isinstance(s.index, pd.DatetimeIndex)]
    others = [s.index for s in columns if not isinstance(s.index, pd.DatetimeIndex) and s.size]
    if dates and others:
        raise InvalidArgumentError(
            f"series must all have timestamps to be joined, one has an index of {others[0].dtype}; "
            "give it through pd.to_datetime() (or to_timestamp() for periods)"
        )
    if len({index.tz is None for index in dates}) > 1:
        raise InvalidArgumentError(
            "series must all have a time zone or all none; localise the naive ones, e.g. "
            "series.tz_localize('UTC'), or where days are meant leave the days of the others: "
            "series.index = series.index.tz_localize(None).normalize()"
        )
    for series in columns:
        if not series.index.is_unique:
            raise InvalidArgumentError("a series that is aligned by date must name each date once")
    common = functools.reduce(
        lambda one, other: one.intersection(other), (s.index for s in columns)
    )
    return tuple(series.loc[common] for series in columns)
