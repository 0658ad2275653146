"""Period rows: what one strategy did on one trading day, in columns that can be folded.

A row holds what a day's equity adds up from, and the tally of the round trips that closed
on that day. So any grouping of accounts and strategies over any span of days is a fold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.history.selection import require_one_currency
from perfkit.ledger import combine_equity
from perfkit.ledger.nav import OWNER, SUMMED
from perfkit.ledger.runs import run_starts
from perfkit.metrics.day_kernel import TALLY_FIELDS, N
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import pandas as pd

    from perfkit.history.closes import DeskDays

__all__ = [
    "COUNTS",
    "MIXED",
    "NO_TRIPS",
    "SCHEMA",
    "TALLY_COLUMNS",
    "PeriodRows",
    "TripDays",
    "Trips",
]

MIXED = ", "  # between the names of several currencies, whose money can't be added up
COUNTS = ("trades", "stale_marks", "unfunded")
TALLY_COLUMNS = [f"tally_{number}" for number in range(TALLY_FIELDS)]
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in OWNER),
        ("day", pa.timestamp("us")),
        ("currency", pa.string()),
        *((name, pa.int64() if name in COUNTS else pa.float64()) for name in SUMMED),
        ("unpriced_trips", pa.int64()),
        *((name, pa.float64()) for name in TALLY_COLUMNS),
    ]
)


class Trips(NamedTuple):
    """Closed round trips of a group: those of known P&L counted, and how many are not."""

    tally: Tally
    unpriced: int


NO_TRIPS = Trips(Tally(), 0)


class TripDays(NamedTuple):
    """Closed round trips of a group by day, the earlier first.

    Attributes
    ----------
    days : ndarray of datetime64 of shape (n_rows,)
        On which they closed; of several strategies, a day stands once for each.
    states : ndarray of shape (n_rows, TALLY_FIELDS)
        Tallies of those of known P&L.
    unpriced : ndarray of shape (n_rows,)
        How many are not known.
    """

    days: npt.NDArray[np.datetime64]
    states: npt.NDArray[np.float64]
    unpriced: npt.NDArray[np.int64]

    def counted(self) -> Trips:
        """Count those of all days."""
        return Trips(Tally.of_states(self.states), int(self.unpriced.sum()))


class PeriodRows(NamedTuple):
    """Rows of a history, by account, strategy and day.

    Attributes
    ----------
    table : pyarrow.Table
        With `SCHEMA`: what `perfkit.daily_equity` sums up; ``currency``, None where none
        is named, several names where a strategy's money can't be added up; then the trips
        that closed on the day.
    periods : int
        Trading days a year of the desk.
    """

    table: pa.Table
    periods: int

    def of(
        self, accounts: Collection[str] | None, strategies: Collection[str] | None
    ) -> PeriodRows:
        """Keep the rows of some accounts and strategies; None is all."""
        table = self.table
        for name, wanted in zip(OWNER, (accounts, strategies), strict=True):
            if wanted is not None:
                table = table.filter(pc.is_in(table[name], pa.array(wanted, pa.string())))
        return self._replace(table=table)

    def within(self, desk: DeskDays, bounds: tuple[pd.Timestamp, pd.Timestamp]) -> PeriodRows:
        """Keep the rows from the day of the first bound to that before the second's."""
        first, last = (
            pa.scalar(day, pa.timestamp("us")) for day in desk.bounds(bounds).astype("M8[us]")
        )
        day = self.table["day"]
        is_in = pc.and_(pc.greater_equal(day, first), pc.less(day, last))
        return self._replace(table=self.table.filter(is_in))

    def equity(self, columns: Sequence[str]) -> pd.DataFrame:
        """Add strategies up day by day, see `combine_equity`; the rows must be whole lives.

        Raises
        ------
        InvalidArgumentError
            When their money is of several currencies.
        """
        names = pc.unique(self.table["currency"]).to_pylist()
        require_one_currency(part for name in names if name for part in name.split(MIXED))
        return combine_equity(self.table.select([*OWNER, "day", *SUMMED]).to_pandas(), columns)

    def trip_days(self, columns: Sequence[str]) -> Iterator[tuple[tuple[str, ...], TripDays]]:
        """Give the days of each group's round trips, the earlier first.

        Where a group is several strategies, those of one day stand one strategy after the
        other: sums, counts and extremes do not depend on it, streaks do.
        """
        table = self.table.filter(
            pc.or_(
                pc.greater(self.table[TALLY_COLUMNS[N]], 0),
                pc.greater(self.table["unpriced_trips"], 0),
            )
        )
        keys = [table[name].combine_chunks().dictionary_encode() for name in columns]
        code = np.zeros(table.num_rows, np.int64)
        for key in keys:
            code = code * max(len(key.dictionary), 1) + key.indices.to_numpy()
        day = table["day"].to_numpy()
        order = np.lexsort((day, code))
        starts = run_starts(code[order])
        states = np.column_stack([table[name].to_numpy() for name in TALLY_COLUMNS])
        unpriced = table["unpriced_trips"].to_numpy()
        for rows in np.split(order, starts[1:]) if len(starts) else ():
            name = tuple(key[int(rows[0])].as_py() for key in keys)
            yield name, TripDays(day[rows], states[rows], unpriced[rows])
