"""Dimensions: what round trips are grouped by.

Each is one vectorised function from the trips to a key of each trip. A label
is the one dimension of which a trip can have several keys, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError, SchemaError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DIMENSIONS", "ORDERED", "UNLABELLED", "Grouping", "group_keys", "trip_days"]

UNLABELLED = "(unlabelled)"
WEEKDAYS = pd.Index(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
MONTHS = pd.Index([
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """How keys are read.

    Attributes
    ----------
    at : str
        ``exit`` or ``entry``: whose time it is.
    zone : str
        IANA time zone of hours and dates.
    bins : int
        How many sizes, each of about the same number of trips.
    """

    at: str = "exit"
    zone: str = "UTC"
    bins: int = 5

    def __post_init__(self) -> None:
        if self.at not in ("exit", "entry"):
            raise InvalidArgumentError(f"at must be 'exit' or 'entry', was {self.at!r}")
        if self.bins < 1:
            raise InvalidArgumentError(f"bins must be at least 1, was {self.bins}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InvalidArgumentError(
                f"zone must be an IANA time zone such as 'America/New_York', was {self.zone!r}"
            ) from error


def group_keys(
    trips: pd.DataFrame, dimensions: Sequence[str], grouping: Grouping
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Give each trip its keys, and its weight under each.

    Parameters
    ----------
    trips : DataFrame
        Closed round trips.
    dimensions : sequence of str
        Names of `DIMENSIONS`, or ``label``.
    grouping : Grouping
        How keys are read.

    Returns
    -------
    tuple of DataFrame and ndarray
        One row for each trip and each of its labels, indexed by the trip's
        position, one column a dimension; and the part of the trip that the
        row stands for: 1 over its number of labels.

    Raises
    ------
    UnknownNameError
        For a dimension that does not exist.
    """
    known = ("label", *DIMENSIONS)
    if unknown := [name for name in dimensions if name not in known]:
        raise UnknownNameError(
            f"there is no dimension {', '.join(map(repr, unknown))}; there are {', '.join(known)}"
        )
    if not dimensions or len(set(dimensions)) < len(dimensions):
        raise InvalidArgumentError(
            f"dimensions must be at least one, each once, were {list(dimensions)}"
        )
    plain = [name for name in dimensions if name != "label"]
    keys = pd.DataFrame(
        {name: pd.Series(DIMENSIONS[name](trips, grouping)).array for name in plain},
        index=pd.RangeIndex(len(trips)),
    )
    if "label" not in dimensions:
        return keys, np.ones(len(trips))
    row, labels, weight = _labels(trips)
    return keys.iloc[row].assign(label=labels)[list(dimensions)], weight


def trip_days(trips: pd.DataFrame, zone: str) -> npt.NDArray[np.datetime64]:
    """Date on which each trip closed, in a zone."""
    return _times(trips, Grouping(zone=zone)).tz_localize(None).to_numpy().astype("M8[D]")


def _labels(trips: pd.DataFrame) -> tuple[Any, list[str], npt.NDArray[np.float64]]:
    rows = [tuple(dict.fromkeys(_listed(value))) for value in _column(trips, "labels")]
    rows = [labels or (UNLABELLED,) for labels in rows]
    counts = np.array([len(labels) for labels in rows], dtype=np.int64)
    row = np.repeat(np.arange(len(rows)), counts)
    return row, [label for labels in rows for label in labels], 1.0 / counts[row]


def _listed(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        raise InvalidArgumentError(
            f"labels of a trip must be a list of names, was the text {value!r}; give [{value!r}]"
        )
    return () if value is None or value is pd.NA or isinstance(value, float) else value


def _column(trips: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in trips.columns:
        raise SchemaError(
            f"round trips need the column {name!r} to be grouped by it; "
            f"there are {', '.join(map(str, trips.columns))}"
        )
    return trips[name]


def _times(trips: pd.DataFrame, grouping: Grouping) -> pd.DatetimeIndex:
    times = pd.DatetimeIndex(_column(trips, f"{grouping.at}_time"))
    if times.tz is None:
        raise SchemaError(
            f"{grouping.at}_time must have a time zone; "
            "give that of the source, e.g. frame[name].dt.tz_localize('UTC')"
        )
    return times.tz_convert(grouping.zone)


def _size(trips: pd.DataFrame, grouping: Grouping) -> Any:
    # the largest position of a trip at its entry price: re-entries do not make it larger
    units = _column(trips, "max_volume") * _column(trips, "multiplier")
    notional = (_column(trips, "entry_price") * units).abs()
    sizes = notional.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isnan(sizes).any():
        raise InvalidArgumentError(
            "entry_price and max_volume must be known to group trips by size, "
            f"were not in row {int(np.flatnonzero(np.isnan(sizes))[0])}; leave such trips out"
        )
    if not sizes.size:
        return sizes
    edges = np.unique(np.quantile(sizes, np.linspace(0.0, 1.0, grouping.bins + 1)))
    if edges.size == 1:
        edges = np.append(edges, edges)
    place = np.clip(np.searchsorted(edges, sizes, side="left") - 1, 0, edges.size - 2)
    return pd.Categorical.from_codes(place, pd.IntervalIndex.from_breaks(edges), ordered=True)


def _weekday(trips: pd.DataFrame, grouping: Grouping) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(_times(trips, grouping).day_of_week, WEEKDAYS, ordered=True)


def _month(trips: pd.DataFrame, grouping: Grouping) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(_times(trips, grouping).month - 1, MONTHS, ordered=True)


def _named(column: str) -> Callable[[pd.DataFrame, Grouping], Any]:
    return lambda trips, _: _column(trips, column)


DIMENSIONS: MappingProxyType[str, Callable[[pd.DataFrame, Grouping], Any]] = MappingProxyType(
    {
        "account": _named("account_id"),
        "strategy": _named("strategy_id"),
        "symbol": _named("symbol"),
        "direction": _named("direction"),
        "hour": lambda trips, how: _times(trips, how).hour,
        "weekday": _weekday,
        "month": _month,
        "year": lambda trips, how: _times(trips, how).year,
        "size": _size,
    }
)
ORDERED = frozenset({"hour", "weekday", "month", "year", "size"})
