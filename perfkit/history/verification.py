"""Verification: do the numbers follow from the facts, and do the parts sum to the whole?

Two questions. Replay: the books, kept anew, against the P&L that every record was stamped
with. Additivity: the P&L of the whole against its parts by account, strategy, symbol, day,
label and round trip, each of them read and counted on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.compute as pc

from perfkit.history.parts import (
    PartSums,
    by_currency,
    day_parts,
    known_books,
    line_sums,
    money_moved,
    named_parts,
    symbol_parts,
    trip_parts,
)
from perfkit.history.restatement import UNEXPLAINED, WRITTEN, restated

if TYPE_CHECKING:
    import pyarrow as pa

    from perfkit.history.closes import DeskDays
    from perfkit.history.facts import Facts

__all__ = ["Verification", "verification"]

_OF_SUM = 1e-9  # relative: how far two orders of summation may differ
_OF_MOVED = 1e-12  # of the money that changed hands: what its prices and volumes are rounded by
_COLUMNS = ["partition", "parts", "currency", "pnl", "open", "whole", "difference", "is_equal"]
_NO_SUMS = pd.DataFrame(columns=_COLUMNS).astype({"parts": "int64", "is_equal": "bool"})
_WHOLE = "_of_whole"
_SEPARATOR = "\x1f"  # the unit separator: no label has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a replay of a whole history found.

    Attributes
    ----------
    records : int
        Trade records, corrections and busts too.
    fills : int
        Fills in force.
    unknown : int
        Of them, those whose P&L is not known: a fee in a currency without a rate.
    restated : DataFrame
        Records whose P&L is not what the books say now, and why: see `History.restated`.
    sums : DataFrame
        One row a partition and currency: partition (``account``, ``strategy``, ``symbol``,
        ``day``, ``label``, ``round_trip``), parts (how many), currency (of the P&L, None is
        the account's own), pnl (sum of the parts), open (what they leave out, or hold too
        much of: see Notes), whole, difference (``pnl + open - whole``), is_equal: to 1e-9,
        with every fill in one part.

    Notes
    -----
    The P&L of the whole is realised, net of fees. A day's P&L is its cash and the change in
    the value of its positions, at the price of their last fill: less what is unrealised in
    the end, its sum is the whole. Round trips leave out what was realised, and paid in fees,
    in positions that are still open. Where a fill's P&L is unknown, its book is left out of
    these two; in the others it is left out alone.
    """

    records: int
    fills: int
    unknown: int
    restated: pd.DataFrame
    sums: pd.DataFrame

    @property
    def unexplained(self) -> pd.DataFrame:
        """Records whose P&L differs though nothing was learned after they were written."""
        return self.restated[self.restated["reason"] == UNEXPLAINED]

    @property
    def is_clean(self) -> bool:
        """Whether every difference is explained and every partition adds up."""
        return self.unexplained.empty and bool(self.sums["is_equal"].all())


def verification(facts: Facts, trips: pd.DataFrame, desk: DeskDays) -> Verification:
    """Replay a history and add it up in every way.

    Parameters
    ----------
    facts : Facts
        Reads of the history.
    trips : DataFrame
        Its closed round trips.
    desk : DeskDays
        The trading day.
    """
    whole, written = facts.replayed({}), facts.stored(*WRITTEN)
    splits, rates = facts.splits({}), facts.rates()
    return Verification(
        records=written.num_rows,
        fills=whole.num_rows,
        unknown=whole["pnl"].null_count,
        restated=restated(written, whole, splits, rates),
        sums=_sums(whole, _partitions(facts, whole, trips, desk)),
    )


def _partitions(
    facts: Facts, whole: pa.Table, trips: pd.DataFrame, desk: DeskDays
) -> list[PartSums]:
    splits, rates = facts.splits({}), facts.rates()
    accounts, strategies = (
        pc.unique(whole[f"{key}_id"]).to_pylist() for key in ("account", "strategy")
    )
    books, labelled = facts.replayed({}), facts.replayed({}, "labels")
    sets = pc.binary_join(labelled["labels"], _SEPARATOR)
    return [
        named_parts("account", accounts, lambda some: facts.replayed({"account": some})),
        named_parts("strategy", strategies, lambda some: facts.replayed({"strategy": some})),
        symbol_parts(books, splits, rates),
        day_parts(books, splits, desk),
        PartSums.of("label", line_sums(labelled, sets)),
        trip_parts(trips, books, splits, rates),
    ]


def _sums(whole: pa.Table, partitions: list[PartSums]) -> pd.DataFrame:
    every, known = (by_currency(line_sums(table)) for table in (whole, known_books(whole)))
    moved = money_moved(whole)
    frames = [_NO_SUMS]
    for part in partitions:
        expected = every if part.counts_unknown else known
        both = pd.merge(
            part.sums, expected, "outer", left_index=True, right_index=True, suffixes=("", _WHOLE)
        ).fillna(0.0)
        difference = both["pnl"] + both["open"] - both[f"pnl{_WHOLE}"]
        moves = moved.reindex(both.index, fill_value=0.0)
        is_equal = difference.abs() <= _OF_SUM * both[f"pnl{_WHOLE}"].abs() + _OF_MOVED * moves
        for name in ("fills", "unknown"):
            is_equal &= both[name] == both[f"{name}{_WHOLE}"]
        both = both.assign(
            partition=part.name,
            parts=part.parts,
            whole=both[f"pnl{_WHOLE}"],
            difference=difference,
            is_equal=is_equal,
        )
        frames.append(both.reset_index(names="currency")[_COLUMNS])
    sums = pd.concat(frames, ignore_index=True)
    sums["currency"] = sums["currency"].where(sums["currency"] != "", None)
    return sums
