"""Statement books: what follows from a statement's fills, beside what follows from ours.

All strategies of an account are one, as its broker sees it. A statement starts in the
middle: what came before it is taken from the history.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.history.matching import is_other_money
from perfkit.ledger import Ledger
from perfkit.ledger.fill_columns import fill_columns
from perfkit.ledger.splits import SplitFactors

__all__ = ["SpanFills", "cash_totals", "positions", "realized", "splits_beside"]

Floats: TypeAlias = npt.NDArray[np.float64]

_BOOK = ["account_id", "symbol"]
_TERMS = ("currency", "base_currency", "contract", "multiplier")
_FIGURES = {"realized_pnl_average": "average", "realized_pnl_fifo": "fifo", "fees": "fees"}
_BESIDE = ["ours", "statement", "difference", "is_equal"]
_FLAT = 1e-9  # relative: of what was traded, or of a ratio


class SpanFills(NamedTuple):
    """One side's fills up to the end of a statement, and which of them lie within it."""

    fills: pa.Table
    is_inside: npt.NDArray[np.bool_]

    def with_inside(self, fills: pa.Table) -> SpanFills:
        """Put other fills in the place of those within the statement."""
        before = _on_terms_of(fills, self.fills.filter(pa.array(~self.is_inside)))
        is_inside = np.repeat([False, True], [before.num_rows, fills.num_rows])
        return SpanFills(pa.concat_tables([before, fills]), is_inside)


def positions(
    ours: SpanFills, theirs: SpanFills, splits: pa.Table, span: pd.DataFrame
) -> pd.DataFrame:
    """Compare the positions at the end of a statement.

    Parameters
    ----------
    ours, theirs : SpanFills
        The two sides.
    splits : pyarrow.Table
        Recorded splits.
    span : DataFrame
        account_id and end.

    Returns
    -------
    DataFrame
        See `Reconciliation`.
    """
    factors = SplitFactors(splits)
    left, right = (_held(side, factors) for side in (ours, theirs))
    both = _side_by_side(left, right).fillna(0.0)
    both = both[(both["inside_ours"] + both["inside_theirs"]) > 0].reset_index()
    ends = both[["account_id"]].merge(span, on="account_id", how="left")["end"]
    micros = ends.dt.tz_convert(None).to_numpy().astype("datetime64[us]").astype(np.int64) - 1
    factor = factors.at(both["account_id"].tolist(), both["symbol"].tolist(), micros)
    traded = both[["traded_ours", "traded_theirs"]].max(axis=1)
    difference = both["held_ours"] - both["held_theirs"]
    return both[_BOOK].assign(
        ours=both["held_ours"] * factor,
        statement=both["held_theirs"] * factor,
        difference=difference * factor,
        is_equal=difference.abs() <= _FLAT * traded,
    )


def _side_by_side(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    sides = ("_ours", "_theirs")
    return pd.merge(left, right, "outer", left_index=True, right_index=True, suffixes=sides)


def _held(side: SpanFills, factors: SplitFactors) -> pd.DataFrame:
    """Sum of what was bought and sold, in units of before any split."""
    columns = fill_columns(side.fills, factors)
    frame: pd.DataFrame = side.fills.select(_BOOK).take(columns.order).to_pandas()
    frame = frame.assign(
        held=columns.quantity,
        traded=np.abs(columns.quantity),
        inside=side.is_inside[columns.order],
    )
    groups = frame.groupby(_BOOK)
    sums = groups[["traded", "inside"]].sum().assign(held=groups["held"].agg(math.fsum))
    is_flat = sums["held"].abs() <= _FLAT * sums["traded"]
    return sums.assign(held=sums["held"].mask(is_flat, 0.0))


def realized(
    ours: SpanFills, theirs: SpanFills, splits: pa.Table, rates: pa.Table, tolerance: float
) -> pd.DataFrame:
    """Compare what was realised within a statement, by average cost and by FIFO.

    Parameters
    ----------
    ours, theirs : SpanFills
        The two sides.
    splits, rates : pyarrow.Table
        As of `Ledger`.
    tolerance : float
        Of money that has cents.

    Returns
    -------
    DataFrame
        See `Reconciliation`.
    """
    left, right = (_realized(side, splits, rates) for side in (ours, theirs))
    both = _side_by_side(left, right)
    currency = both["currency_theirs"].fillna(both["currency_ours"])
    frames = []
    for place, (name, figure) in enumerate(_FIGURES.items()):
        sides = [
            # what a side has no fills of, it has realised nothing in
            both[f"{name}_{side}"].mask(both[f"fills_{side}"].isna(), 0.0)
            for side in ("ours", "theirs")
        ]
        frame = pd.DataFrame({"currency": currency, "figure": figure, "place": place})
        frames.append(_beside(frame, sides[0], sides[1], tolerance).reset_index())
    order = [*_BOOK, "place"]
    table = pd.concat(frames).sort_values(order, ignore_index=True)
    return table[[*_BOOK, "currency", "figure", *_BESIDE]]


def _realized(side: SpanFills, splits: pa.Table, rates: pa.Table) -> pd.DataFrame:
    fills = _as_one_strategy(side.fills)
    answer = Ledger(["average", "fifo"], splits=splits, rates=rates).apply(fills)
    frame: pd.DataFrame = fills.select([*_BOOK, "currency"]).to_pandas()
    frame = frame.assign(**{name: answer[name].to_numpy() for name in _FIGURES})[side.is_inside]
    groups = frame.groupby(_BOOK)
    # an unknown fee leaves the sum unknown
    sums = groups[list(_FIGURES)].agg(math.fsum)
    return sums.assign(currency=groups["currency"].first(), fills=groups.size())


def _as_one_strategy(fills: pa.Table) -> pa.Table:
    """Book an account's strategies together; who names no currency means the others'."""
    named = fills.filter(pc.is_valid(fills["currency"]))
    fills = _with_terms(fills, named, ("currency",), pc.is_null(fills["currency"]))
    one = pa.repeat(pa.scalar("all"), fills.num_rows)
    return fills.set_column(fills.column_names.index("strategy_id"), "strategy_id", one)


def _on_terms_of(statement: pa.Table, before: pa.Table) -> pa.Table:
    """Say what was held before a statement in the statement's currency and contract size."""
    return _with_terms(before, statement, _TERMS, pa.array(np.ones(before.num_rows, np.bool_)))


def _with_terms(
    fills: pa.Table, source: pa.Table, names: tuple[str, ...], where: pa.Array | pa.ChunkedArray
) -> pa.Table:
    """Take terms from the first fill of the same account and symbol in another table."""
    keys = source.select(_BOOK).to_pandas()
    first = pd.MultiIndex.from_frame(keys[~keys.duplicated()])
    own = pd.MultiIndex.from_frame(fills.select(_BOOK).to_pandas())
    place = first.get_indexer(own)
    rows = np.flatnonzero(~keys.duplicated().to_numpy())
    is_known = pc.and_(where, pa.array(place >= 0))
    taken = pa.array(rows[place] if len(rows) else place, mask=place < 0)
    for name in names:
        terms = pc.if_else(is_known, source[name].take(taken), fills[name])
        fills = fills.set_column(fills.column_names.index(name), fills.schema.field(name), terms)
    return fills


def cash_totals(
    ours: pa.Table, theirs: pa.Table, span: pd.DataFrame, tolerance: float
) -> pd.DataFrame:
    """Compare the cash that moved within a statement.

    Parameters
    ----------
    ours, theirs : pyarrow.Table
        Columns of ``CashRecord``.
    span : DataFrame
        account_id, start and end.
    tolerance : float
        Of money that has cents.

    Returns
    -------
    DataFrame
        See `Reconciliation`.
    """
    keys = ["account_id", "kind", "currency"]
    sides: list[pd.DataFrame] = [
        table.select([*keys, "amount", "execution_time"]).to_pandas() for table in (ours, theirs)
    ]
    own = sides[0].merge(span, on="account_id")
    is_inside = (own["execution_time"] >= own["start"]) & (own["execution_time"] < own["end"])
    sides[0] = own[is_inside & (len(sides[1]) > 0)]
    said = pd.concat([side["currency"] for side in sides]).dropna().unique()
    # the account's own currency is the one that is named, where only one is
    own_name = said[0] if len(said) == 1 else ""
    sums = [
        side.assign(currency=side["currency"].fillna(own_name))
        .groupby(keys)["amount"]
        .agg(math.fsum)
        for side in sides
    ]
    both = pd.concat(sums, axis=1, keys=["ours", "statement"]).fillna(0.0).sort_index()
    frame = both.reset_index()[keys]
    frame["currency"] = frame["currency"].where(frame["currency"] != "", None)
    both = both.reset_index(drop=True)
    return _beside(frame, both["ours"], both["statement"], tolerance)


def splits_beside(ours: pa.Table, theirs: pa.Table, span: pd.DataFrame) -> pd.DataFrame:
    """Compare the splits within a statement, by account, symbol and day.

    Parameters
    ----------
    ours, theirs : pyarrow.Table
        Columns of ``SplitRecord``.
    span : DataFrame
        account_id, start and end.

    Returns
    -------
    DataFrame
        See `Reconciliation`.
    """
    keys = [*_BOOK, "day"]
    sides = []
    for table in (ours, theirs):
        frame: pd.DataFrame = table.select([*_BOOK, "execution_time", "ratio"]).to_pandas()
        frame = frame.merge(span, on="account_id")
        frame["day"] = frame["execution_time"].dt.floor("D")
        is_inside = (frame["day"] >= frame["start"].dt.floor("D")) & (frame["day"] < frame["end"])
        sides.append(frame[is_inside].groupby(keys)["ratio"].prod())
    both = pd.concat(sides, axis=1, keys=["ours", "statement"])
    both = both if theirs.num_rows else both.iloc[:0]
    is_equal = (both["ours"] - both["statement"]).abs() <= _FLAT * both["ours"]
    answer: pd.DataFrame = both.assign(is_equal=is_equal).sort_index().reset_index()
    return answer


def _beside(
    frame: pd.DataFrame, ours: pd.Series, statement: pd.Series, tolerance: float
) -> pd.DataFrame:
    differs = is_other_money(ours, statement, frame["currency"], tolerance)
    return frame.assign(
        ours=ours, statement=statement, difference=ours - statement, is_equal=~differs
    )
