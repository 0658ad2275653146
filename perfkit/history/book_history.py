"""The books of a history: trades, round trips, equity and returns.

Nothing is kept between two questions: the books are built anew by the ledger, so that
corrections, late fills and splits are always in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pyarrow.compute as pc

from perfkit.history.closes import DeskDays
from perfkit.history.conversion import converted_trips
from perfkit.history.facts import EVERYTHING, Facts, Knowledge
from perfkit.history.groups import with_labels
from perfkit.history.selection import Selection, chosen, flat_frame
from perfkit.ledger import round_trips
from perfkit.store import TradeStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from perfkit.cluster import Progress
    from perfkit.ledger.cost import Method
    from perfkit.ledger.trip_grouping import Grouping

__all__ = ["BookHistory"]


class BookHistory:
    """A recorded history, ready for questions that its books answer.

    Parameters
    ----------
    uri : str, pathlib.Path or TradeStore
        A folder, or ``s3://bucket/prefix``; or a store of it, e.g. one whose journal
        lies elsewhere.
    zone, cutoff : str
        The desk's trading day: its zone, and the local time at which a day ends.
    periods : int, optional
        Trading days a year, for everything annualised. By default 365 where one
        day in five is on a weekend, else 252.
    storage_options : mapping of str to str, optional
        Passed to the object store.
    knowledge : Knowledge
        How far to look, see `History.as_of`.

    Attributes
    ----------
    progress : callable, optional
        Set it to be told how far a long computation is: ``progress(done, of)``.

    Notes
    -----
    Nothing is read before the first question; that there is no history at ``uri`` is its error.
    """

    def __init__(
        self,
        uri: str | Path | TradeStore,
        *,
        zone: str = "UTC",
        cutoff: str = "00:00",
        periods: int | None = None,
        storage_options: Mapping[str, str] | None = None,
        knowledge: Knowledge = EVERYTHING,
    ) -> None:
        self._source = uri if isinstance(uri, TradeStore) else str(uri)
        self.uri = uri.uri if isinstance(uri, TradeStore) else str(uri)
        self.desk = DeskDays(zone, cutoff)
        self.knowledge = knowledge
        self.progress: Progress | None = None
        self._periods = periods
        self._storage_options = storage_options
        self._facts = Facts(self._source, storage_options, knowledge)

    def __repr__(self) -> str:
        bounds = {n: t for n, t in self.knowledge._asdict().items() if t is not None}
        named = {"zone": self.desk.zone, "cutoff": self.desk.cutoff} | bounds
        said = "".join(f", {name}={str(value)!r}" for name, value in named.items())
        return f"History({self.uri!r}{said})"

    def trades(self, **select: Unpack[Selection]) -> pd.DataFrame:
        """Every fill in force, with its context, labels and books.

        Parameters
        ----------
        **select
            Keywords of `Selection`.

        Returns
        -------
        DataFrame of shape (n_fills, n_columns)
            Columns of `TradeRecord`, with those of context and account state, in
            canonical order; P&L, position and average price are the books' as of now.
        """
        records = flat_frame(self._facts.records(select))
        return chosen(records, select, "execution_time", self.desk.zone)

    def round_trips(
        self,
        *,
        method: Method = "average",
        grouping: Grouping = "flat_to_flat",
        convert_to: str | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Closed round trips, each with the labels of its first and last fill.

        Parameters
        ----------
        method : str
            ``average``, ``fifo``, ``lifo`` or ``hifo``.
        grouping : str
            ``flat_to_flat``, ``fill_to_fill`` or ``flat_to_reduced``.
        convert_to : str, optional
            Currency of the answer, at the rate of each exit.
        **select
            Keywords of `Selection`; the span is about the exit.

        Returns
        -------
        DataFrame of shape (n_trips, n_columns)
            As `perfkit.round_trips` gives it, with excursions by the recorded bars, and
            ``labels``: a sorted tuple.
        """
        facts = self._facts
        fills, rates = facts.fills(select, "labels"), facts.rates()
        trips = round_trips(
            fills,
            method=method,
            grouping=grouping,
            splits=facts.splits(select),
            rates=rates,
            prices=facts.bars(pc.unique(fills["symbol"]).to_pylist()),
        )
        if convert_to is not None:
            trips = converted_trips(trips, rates, convert_to)
        return chosen(with_labels(trips, fills), select, "exit_time", self.desk.zone)
