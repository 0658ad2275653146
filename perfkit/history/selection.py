"""Which part of a history a question is about.

Accounts, strategies and a currency narrow what is read. Symbols, labels and times are
applied after the books were kept, because a position of today needs the
fills of last year.
"""

from __future__ import annotations

import functools
import operator
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias, TypedDict, overload

import pandas as pd
import polars as pl

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

__all__ = [
    "Moment",
    "Names",
    "Selection",
    "book_filter",
    "chosen",
    "flat_frame",
    "moment_of",
    "require_known_keywords",
    "require_known_pnl",
    "require_one_currency",
    "span",
]

Names: TypeAlias = str | list[str] | tuple[str, ...]
Moment: TypeAlias = str | date | datetime | pd.Timestamp

_EARLIEST = pd.Timestamp("1678-01-01", tz="UTC")  # the years that a record may hold
_LATEST = pd.Timestamp("2262-01-01", tz="UTC")


class Selection(TypedDict, total=False):
    """Keywords that every question of a `History` understands.

    Attributes
    ----------
    account, strategy, symbol : str or list of str
        Only these.
    currency : str
        Only trades and cash in this currency.
    label : str or list of str
        Only trades that carry at least one of these labels.
    start, end : str, date or datetime
        Half-open span [start, end) of execution, or, for a round trip, of its
        exit. A moment without a zone is in that of the desk.
    """

    account: Names
    strategy: Names
    symbol: Names
    currency: str
    label: Names
    start: Moment
    end: Moment


def names_of(value: Names | None) -> list[str]:
    """Give one name, several or none as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def book_filter(select: Selection) -> pl.Expr | None:
    """Turn accounts, strategies and a currency into a filter on what is read."""
    clauses = [
        pl.col(column).is_in(names_of(value))
        for column, value in (
            ("account_id", select.get("account")),
            ("strategy_id", select.get("strategy")),
        )
        if value is not None
    ]
    if select.get("currency") is not None:  # a record that names none is in the account's own
        currency = pl.col("currency")
        clauses.append((currency == select["currency"]) | currency.is_null())
    return functools.reduce(operator.and_, clauses) if clauses else None


def require_one_currency(names: Iterable[str | None]) -> None:
    """Refuse to add up money of several currencies.

    Raises
    ------
    InvalidArgumentError
        Naming the currencies, and how to ask for one of them.
    """
    found = {name for name in names if isinstance(name, str)}
    if len(found) > 1:
        raise InvalidArgumentError(
            f"money must be of one currency to be added up, was of {', '.join(sorted(found))}; "
            "say convert_to='USD', or ask for one, e.g. currency='USD'"
        )


def require_known_pnl(trips: pd.DataFrame) -> None:
    """Refuse to attribute round trips whose P&L is not known.

    Raises
    ------
    InvalidArgumentError
        Naming the first of them, and how its P&L becomes known.
    """
    unknown = trips[trips["pnl"].isna()]
    if len(unknown):
        first = unknown.iloc[0]
        raise InvalidArgumentError(
            f"the P&L of {len(unknown)} of {len(trips)} round trips is not known, first that of "
            f"{first['exit_trade_id']!r} in {first['symbol']}: a fee at its time, or the "
            "conversion needs an exchange rate; record bars of the pair, such as EUR/USD"
        )


def span(select: Selection, zone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Give the half-open span of a selection, in UTC; a naive bound is in the zone.

    Raises
    ------
    InvalidArgumentError
        When a bound is no time, or the span ends before it starts.
    """
    start = moment_of("start", select.get("start"), zone) or _EARLIEST
    end = moment_of("end", select.get("end"), zone) or _LATEST
    if end <= start:
        raise InvalidArgumentError(f"end must be after start {start}, was {end}; the end is open")
    return start, end


@overload
def moment_of(name: str, value: Moment, zone: str) -> pd.Timestamp: ...
@overload
def moment_of(name: str, value: Moment | None, zone: str) -> pd.Timestamp | None: ...
def moment_of(name: str, value: Moment | None, zone: str) -> pd.Timestamp | None:
    """Read a moment; a naive one is in the zone, and None is none.

    Raises
    ------
    InvalidArgumentError
        When it is no time.
    """
    if value is None:
        return None
    try:
        moment = pd.Timestamp(value)
    except ValueError as error:
        raise InvalidArgumentError(
            f"{name} must be a date or a time such as '2020-03-31', was {value!r}"
        ) from error
    if pd.isna(moment):
        raise InvalidArgumentError(f"{name} must be a date or a time, was {value!r}")
    aware = moment.tz_localize(zone) if moment.tz is None else moment
    return aware.tz_convert("UTC")


def require_known_keywords(select: Selection) -> None:
    """Refuse a keyword that no selection has, such as a misspelt one.

    Raises
    ------
    InvalidArgumentError
        Naming it, and those that there are.
    """
    if unknown := sorted(select.keys() - Selection.__annotations__.keys()):
        raise InvalidArgumentError(
            f"a selection has {', '.join(Selection.__annotations__)}, was given {unknown}"
        )


def chosen(frame: pd.DataFrame, select: Selection, time: str, zone: str) -> pd.DataFrame:
    """Keep the rows of a frame that a selection asks for.

    Parameters
    ----------
    frame : DataFrame
        With the columns ``symbol``, ``labels`` and ``time``.
    select : Selection
        What is wanted.
    time : str
        Name of the column that the span is about.
    zone : str
        Zone of a bound without one.
    """
    start, end = span(select, zone)
    keep = (frame[time] >= start) & (frame[time] < end)
    if select.get("symbol") is not None:
        keep &= frame["symbol"].isin(names_of(select["symbol"]))
    if select.get("label") is not None:
        wanted = set(names_of(select["label"]))
        carried = [not wanted.isdisjoint(labels) for labels in frame["labels"]]
        keep &= pd.Series(carried, frame.index, dtype=bool)
    return frame.loc[keep].reset_index(drop=True)


def flat_frame(table: pa.Table) -> pd.DataFrame:
    """Turn trade records into a frame, context and account state as columns of their own."""
    flat = table.drop_columns(["market_context", "account_state"])
    for nested in ("market_context", "account_state"):
        part = table.column(nested).combine_chunks()
        for field, column in zip(part.type, part.flatten(), strict=True):
            flat = flat.append_column(field, column)
    frame: pd.DataFrame = flat.to_pandas()
    return frame
