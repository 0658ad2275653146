"""Rolled: metrics of every window of a group's days, or of its round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from perfkit.history.curves import curves
from perfkit.history.groups import groups
from perfkit.metrics import METRICS, Sample, Tally, read, rolling
from perfkit.metrics.catalog import find_metrics
from perfkit.metrics.rolling import window_length

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.history.period_rows import TripDays

__all__ = ["rolled_days", "rolled_trips"]

_PREFIX = "rolling_"


def rolled_days(
    equity: pd.DataFrame,
    trips: Mapping[tuple[str, ...], TripDays],
    columns: Sequence[str],
    window: str,
    sample: Mapping[str, Any],
) -> pd.DataFrame:
    """Measure every window of so many days with a return.

    Parameters
    ----------
    equity : DataFrame
        Days, sorted by ``columns`` and day.
    trips : mapping of tuple of str to TripDays
        Round trips of each group by the day on which they closed.
    columns : sequence of str
        What makes a group; none is the whole desk.
    window : str
        Such as ``"63d"``.
    sample : mapping
        ``metrics``, and keywords of `perfkit.rolling`.

    Returns
    -------
    DataFrame, one row a group and full window
        Indexed by ``columns`` and ``day``, the window's last; one column a metric. Metrics of
        round trips count those that closed from the window's first day to its last.
    """
    names = find_metrics(sample["metrics"])
    of_returns = [name for name in names if METRICS[name].needs != "trades"]
    if isinstance(sample["metrics"], str) and "benchmark" not in sample:
        of_returns = [name for name in of_returns if METRICS[name].needs == "returns"]
    frame = curves(equity, columns, rolling=window, **{**sample, "metrics": of_returns})
    kept = frame[[*columns, "day", *(f"{_PREFIX}{name}" for name in of_returns)]]
    kept = kept.rename(columns=lambda name: name.removeprefix(_PREFIX))
    length = window_length(window, "d")
    parts = []
    for key, days in groups(kept, list(columns)):
        known = days[frame.loc[days.index, "return"].notna()]
        dates = known["day"].to_numpy()
        counted = [n for n in names if METRICS[n].needs == "trades"]
        found = _of_trips(trips.get(key), dates, length, counted)
        parts.append(known.iloc[length - 1 :].assign(**found))
    whole = pd.concat(parts) if parts else kept.iloc[:0]
    return whole.set_index([*columns, "day"])[[n for n in names if n in whole]]


def rolled_trips(
    trips: pd.DataFrame, columns: Sequence[str], window: str, metrics: str | Sequence[str]
) -> pd.DataFrame:
    """Measure every window of so many closed round trips.

    Parameters
    ----------
    trips : DataFrame
        From `History.round_trips`; a P&L that is not known is not counted.
    columns : sequence of str
        What makes a group; none is the whole desk.
    window : str
        Such as ``"100t"``.
    metrics : str or sequence of str
        As for `perfkit.rolling`.

    Returns
    -------
    DataFrame, one row a group and full window
        Indexed by ``columns`` and ``exit_time``, the window's last.
    """
    ordered = trips.sort_values("exit_time", kind="stable")
    parts = {
        key: rolling(metrics=metrics, trades=own.set_index("exit_time")["pnl"], window=window)
        for key, own in (ordered.groupby(list(columns)) if columns else [("", ordered)])
    }
    if not parts:
        return rolling(metrics=metrics, trades=pd.Series(dtype=np.float64), window=window)
    if not columns:
        return parts[""].rename_axis("exit_time")
    return pd.concat(parts, names=[*columns, "exit_time"])


def _of_trips(
    trips: TripDays | None, dates: Any, length: int, names: Sequence[str]
) -> dict[str, list[float]]:
    """Fold the tallies of each window's days, and read them."""
    ends, starts = dates[length - 1 :], dates[: max(len(dates) - length + 1, 0)]
    if trips is None:
        tallies = [Tally()] * len(ends)
    else:
        first = np.searchsorted(trips.days, starts, side="left")
        last = np.searchsorted(trips.days, ends, side="right")
        tallies = [Tally.of_states(trips.states[a:b]) for a, b in zip(first, last, strict=True)]
    return {name: [read(name, Sample(trades=tally)).value for tally in tallies] for name in names}
