"""Accounts and strategies as groups: their drawdown, their trips' labels, their metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError
from perfkit.history.period_rows import NO_TRIPS
from perfkit.labels import label_catalog
from perfkit.metrics import compute, drawdown_series, money_weighted_return

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from perfkit.history.period_rows import Trips

__all__ = [
    "drawdown",
    "group_columns",
    "groups",
    "known_returns",
    "measure",
    "owner_return",
    "with_known_at",
    "with_labels",
]

_COLUMNS = {"account": "account_id", "strategy": "strategy_id"}
_IDS = ("account_id", "trade_id")
_SEPARATOR = "\x1f"  # the unit separator: no label has it


def group_columns(by: str | Sequence[str]) -> list[str]:
    """Name the columns of a grouping by account and strategy.

    Raises
    ------
    InvalidArgumentError
        For any other dimension.
    """
    names = [by] if isinstance(by, str) else list(by)
    if len(set(names)) < len(names):
        raise InvalidArgumentError(f"by must name each dimension once, was {names}")
    if unknown := [n for n in names if n not in _COLUMNS and n not in _COLUMNS.values()]:
        raise InvalidArgumentError(
            f"by must name {' or '.join(_COLUMNS)}, was {unknown}; "
            "attribution(by=[...]) knows the other dimensions"
        )
    return [_COLUMNS.get(name, name) for name in names]


def drawdown(equity: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Drawdown of each group's compounded returns, a positive fraction; NaN without capital."""
    keys = [equity[name] for name in columns] or [pd.Series(0, equity.index)]
    return equity["return"].groupby(keys).transform(_depth)


def _depth(returns: pd.Series) -> pd.Series:
    known = returns.dropna()
    depth: pd.Series = drawdown_series(known)
    return depth.reindex(returns.index).ffill()


def with_labels(trips: pd.DataFrame, fills: pa.Table) -> pd.DataFrame:
    """Add what the first and the last fill of each round trip were labelled."""
    ids = pd.MultiIndex.from_arrays([fills[name].to_pandas() for name in _IDS])
    first, last = (
        ids.get_indexer(pd.MultiIndex.from_arrays([trips["account_id"], trips[end]]))
        for end in ("entry_trade_id", "exit_trade_id")
    )
    joined = pc.binary_join(fills["labels"], _SEPARATOR).combine_chunks().dictionary_encode()
    sets = [set(text.split(_SEPARATOR)) - {""} for text in joined.dictionary.to_pylist()]
    code = joined.indices.to_numpy()
    pairs, place = np.unique(code[first] * len(sets) + code[last], return_inverse=True)
    unions = [tuple(sorted(sets[p // len(sets)] | sets[p % len(sets)])) for p in pairs]
    return trips.assign(labels=pd.Series(unions, dtype=object).to_numpy()[place])


def with_known_at(frame: pd.DataFrame) -> pd.DataFrame:
    """Say of each label when it is known; of one that is not in the catalogue, nothing.

    What is known at the exit is the outcome, so it is no finding that it earns or loses.
    """
    catalog = label_catalog().set_index("label")["known_at"]
    known_at = frame["label"].astype(str).map(catalog)
    verdict = frame["verdict"].mask(known_at == "exit", "outcome")
    return frame.assign(verdict=verdict, known_at=known_at)


def measure(
    equity: pd.DataFrame,
    trips: Mapping[tuple[str, ...], Trips],
    columns: list[str],
    sample: Mapping[str, Any],
) -> pd.DataFrame:
    """Measure each group of days and of closed round trips.

    Parameters
    ----------
    equity : DataFrame
        Days, with ``columns``.
    trips : mapping of tuple of str to Trips
        Closed round trips of each group; one that closed none is not in it.
    columns : list of str
        What makes a group; none is the whole desk.
    sample : mapping
        Keywords of `perfkit.metrics.compute`.

    Returns
    -------
    DataFrame
        One row a group; why a metric is undefined stands in ``.attrs["reasons"]``.
    """
    rows, reasons = [], {}
    for key, days in groups(equity, columns):
        tally, unpriced = trips.get(key, NO_TRIPS)
        returns = known_returns(days)
        is_unknown = bool(days["pnl"].isna().any())
        table = compute(returns, NO_TRIPS.tally if unpriced else tally, **sample)
        why = table["reason"].dropna()
        if returns.isna().all():
            why = why.replace("too_few", "unpriced" if is_unknown else "no_capital")
        if unpriced:
            why = why.replace("no_trades", "unpriced")
        keys = dict(zip(columns, key, strict=True))
        rows.append({**keys, "net_pnl": days["pnl"].sum(skipna=False), **table["value"]})
        reasons[" / ".join(key) or "total"] = why.to_dict()
    frame = pd.DataFrame(rows, columns=None if rows else [*columns, "net_pnl"])
    frame = frame.set_index(columns) if columns else frame.set_axis(["total"][: len(frame)])
    frame.attrs["reasons"] = reasons
    return frame


def owner_return(equity: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Money-weighted return of each group's days: what was there before them is paid in first.

    Flows count from the start of their day, the value at the end of the last one.
    """
    found = {}
    for key, days in groups(equity, list(columns)):
        first, last = days.iloc[0], days.iloc[-1]
        brought = float(first["nav"] - first["pnl"] - first["flow"])
        flows = np.concatenate([[brought], days["flow"].to_numpy()])
        times = np.concatenate([days["day"].to_numpy()[:1], days["day"].to_numpy()])
        is_known = np.isfinite(flows).all() and np.isfinite(last["nav"])
        is_flow, end = flows != 0.0, last["day"] + pd.Timedelta(days=1)
        found[key] = (
            money_weighted_return(flows[is_flow], times[is_flow], last["nav"], end=end)
            if is_known
            else np.nan
        )
    names = [" / ".join(key) or "total" for key in found]
    return pd.Series(found.values(), names, dtype=np.float64, name="money_weighted_return")


def groups(equity: pd.DataFrame, columns: list[str]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    """Part days by group; the whole desk is one without a name."""
    if not columns:
        return [((), equity)] if len(equity) else []
    parts = equity.groupby(columns, sort=True)
    return [(tuple(map(str, key)), days) for key, days in parts]


def known_returns(days: pd.DataFrame) -> pd.Series:
    """Give a group's returns by day: all missing where any day is unfunded or unknown.

    A return that leaves out what was made without capital would be another strategy's.
    """
    returns = days.set_index("day")["return"]
    is_broken = days["unfunded"].any() or days["pnl"].isna().any()
    return returns * np.nan if is_broken else returns
