"""Books: the ledger and the account states, moved on together.

Fills that come in order go through as they are. A fill older than its book, a
correction, a bust or a split changes what came before it: the fills of the
last while are then taken again from the books before them, and where that does
not reach back far enough, all fills of the strategies that are touched. The
new fill is answered as of now, as if all had come in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perfkit.errors import LateFillError, UnfitFillError, UnknownNameError
from perfkit.ledger import Ledger
from perfkit.ledger.splits import SplitFactors
from perfkit.tracker.account_states import AccountStates
from perfkit.tracker.booked_fills import Applied, BookedFills, answered, blamed, in_force, owners_of
from perfkit.tracker.books_state import BooksState, Moment
from perfkit.tracker.corrections import Corrections
from perfkit.tracker.facts import Facts, numbered
from perfkit.tracker.foreign_fees import ForeignFees
from perfkit.tracker.live_metrics import Change, LiveMetrics
from perfkit.tracker.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.tracker.facts import RecordedFacts
    from perfkit.tracker.roles import Market

__all__ = ["Books"]

_NEW = 1 << 62  # numbers fills that are not recorded yet, above all that are
Owner = tuple[str, str]


class Books:
    """Positions, P&L and account states of a whole history.

    Parameters
    ----------
    source : RecordedFacts
        Asked for splits, cash and corrections now, and for fills when those in
        memory do not reach back far enough.
    state : BooksState, optional
        The books to go on from; all fills that are recorded later follow.

    Attributes
    ----------
    ledger : Ledger
        Positions and P&L.
    metrics : LiveMetrics
        What every strategy did on every day; of what is on disk only.
    sequence : int
        Number of the last fact that they hold.
    is_ahead : bool
        Whether they hold facts that are not known to be on disk.
    """

    def __init__(
        self,
        source: RecordedFacts,
        state: BooksState | None = None,
        metrics: LiveMetrics | None = None,
    ) -> None:
        self._source = source
        self.metrics = metrics or LiveMetrics()
        self.sequence = 0 if state is None else state.sequence
        self._splits = source.splits()
        self.ledger = Ledger(splits=self._splits)
        self._states = AccountStates(SplitFactors(self._splits))
        self._states.on_cash(source.cash())
        abroad = {} if state is None else state.fees_abroad
        self._fees = ForeignFees(source, abroad, self.sequence)
        self._corrections = Corrections(source)
        if state is not None:
            self._restore(state)
        self._window = Window(self._moment())
        self._change: Change | None = None
        self.is_ahead = False

    def state(self) -> BooksState:
        """Copy what is remembered; splits, cash and corrections are read again."""
        holdings = self._states.holdings.state()
        return BooksState(self.sequence, self.ledger.state(), holdings, dict(self._fees.last))

    @property
    def has_new_rates(self) -> bool:
        """Whether rates were recorded that change what past fees have cost."""
        return bool(self._fees.touched())

    def on_bars(self, bars: pa.Table) -> None:
        """Hear that bars were recorded, some of which may be exchange rates."""
        self._fees.on_bars(bars)

    def apply(self, new: Facts, market: Market | None) -> BookedFills:
        """Take facts, and answer for each fill what it did.

        Parameters
        ----------
        new : Facts
            Fills by execution time; cash counts for them, and so do splits.
        market : Market, optional
            Gives the closes at which positions are valued between fills.

        Raises
        ------
        UnknownNameError
            When a correction points at a trade that is not in the history.
        UnfitFillError
            When a fill has other terms than its book; ``row`` is that in ``new``.
        """
        self.is_ahead = True
        owners = self._touched(new)
        is_deep = new.splits.num_rows > 0
        if self._fees.are_wanted(new.trades):
            is_deep |= bool(self._fees.touched())
            owners |= self._fees.touched()
            self.ledger.restate((), splits=self._splits, rates=self._fees.read())
        if not owners and not is_deep and not self._states.holdings.are_late(new.trades):
            try:
                books = self.ledger.apply(new.trades)
            except LateFillError:
                pass
            except UnfitFillError:
                self.is_ahead = False  # the ledger is as before
                raise
            else:
                self._states.on_cash(new.cash)
                states = self._states.apply(new.trades, books, market)
                self._change = Change(Applied(new.trades, new.trades, books, states))
                return BookedFills(new.trades, books, states, np.arange(new.trades.num_rows))
        self._states.on_cash(new.cash)
        self._know(new.splits)
        fills = numbered(new.trades, _NEW)
        try:
            found = None if is_deep else self._apply_window(fills, market)
            if found is None:
                owners = self._corrections.together(owners | owners_of(fills))
                found = self._restate(owners, fills, market)
                self._change = Change(found, restated=owners, touched=frozenset(owners))
            else:
                back = self._window.back()[0].metrics
                self._change = Change(found, back_to=back, touched=frozenset(owners))
        except UnfitFillError as error:
            error.row = blamed(error, new.trades)
            raise
        return answered(fills, found)

    def keep(
        self, new: Facts, numbers: Mapping[str, tuple[int, int]], labels: pa.ChunkedArray
    ) -> frozenset[Owner]:
        """Hear that the facts of the last `apply` are on disk.

        Parameters
        ----------
        new : Facts
            As they were applied.
        numbers : mapping of str to tuple of int
            First and last sequence of each table's facts that are new.
        labels : array of list<string>
            Of each new trade.

        Returns
        -------
        frozenset of (account, strategy)
            Whose past has changed.
        """
        sequence = max((last for _, last in numbers.values()), default=self.sequence)
        self._settle(sequence)
        change, self._change = self._change, None
        assert change is not None
        self.metrics.follow(change, new.trades, labels)
        if "trades" in numbers:
            fills = numbered(new.trades, numbers["trades"][0], labels)
            self._fees.add(fills)
            self._corrections.add(fills)
            self._window.add(fills, self._moment, is_late=change.back_to is not None)
        if change.restated is not None:
            self._window = Window(self._moment())
        self.is_ahead = False
        return change.touched

    def catch_up(self, facts: Facts, sequence: int) -> None:
        """Take facts that were recorded after the state that these books began with.

        Parameters
        ----------
        facts : Facts
            With their ``sequence``; cash and splits are known already.
        sequence : int
            Number of the last of them.
        """
        for change in self._taken(facts):
            self.metrics.follow(change, facts.trades.slice(0, 0), None)
        self._settle(sequence)
        self._window = Window(self._moment())

    def rewound(self) -> Books:
        """Give the books as they are on disk, after an `apply` that was not kept."""
        (state, _), tables = self._window.last()
        books = Books(self._source, state, self.metrics)  # which are not ahead
        if tables:
            books._taken(Facts.of({"trades": pa.concat_tables(tables)}))
        books._settle(self.sequence)
        books._window = Window(books._moment())
        return books

    def _moment(self) -> Moment:
        return Moment(self.state(), self.metrics.mark())

    def _taken(self, facts: Facts) -> list[Change]:
        """Take recorded facts that follow; say what that changed."""
        fills, splits = facts.trades, facts.splits
        self._fees.add(fills)
        if self._fees.are_wanted(fills):
            self.ledger.restate((), splits=self._splits, rates=self._fees.read())
        owners, changes = self._holders(splits), []
        try:
            if self._states.holdings.are_late(fills):
                owners |= owners_of(fills)
            else:
                changes = [Change(self._apply_all(fills, None))]
        except (LateFillError, UnknownNameError):
            owners |= owners_of(fills)
        owners = self._corrections.together(owners | self._fees.touched())
        if owners:
            found = self._restate(owners, fills.slice(0, 0), None)
            changes.append(Change(found, restated=owners))
        return changes

    def _apply_window(self, new: pa.Table, market: Market | None) -> Applied | None:
        """Take the last fills again with new ones; None where that does not reach back."""
        (state, _), tables = self._window.back()
        self._restore(state)
        try:
            if not self._states.holdings.are_late(new):
                return self._apply_all(pa.concat_tables([*tables, new]), market)
        except (LateFillError, UnknownNameError):
            self._restore(state)
        if tables:
            self._apply_all(pa.concat_tables(tables), None)
        return None

    def _restate(self, owners: set[Owner], new: pa.Table, market: Market | None) -> Applied:
        """Forget some strategies, and take all their fills again, and new ones."""
        self.ledger.restate(owners, splits=self._splits, rates=self._fees.rates)
        self._states.forget(owners)
        fills = pa.concat_tables([self._source.fills_of(owners), new])
        return self._apply_all(fills, market)

    def _apply_all(self, fills: pa.Table, market: Market | None) -> Applied:
        effective = in_force(fills)
        # without numbers, as live fills come: at equal times the order of rows counts
        books = self.ledger.apply(effective.drop_columns("sequence"))
        return Applied(fills, effective, books, self._states.apply(effective, books, market))

    def _touched(self, new: Facts) -> set[Owner]:
        """Name the strategies whose past is changed by corrections and splits."""
        return self._corrections.touched(new.trades) | self._holders(new.splits)

    def _holders(self, splits: pa.Table) -> set[Owner]:
        """Name the strategies that traded what was split."""
        names = (splits.column(name).to_pylist() for name in ("account_id", "symbol"))
        split = set(zip(*names, strict=True))
        keys = self._states.holdings.keys if split else []
        return {
            (account, strategy) for account, strategy, symbol in keys if (account, symbol) in split
        }

    def _know(self, splits: pa.Table) -> None:
        self._splits = pa.concat_tables([self._splits, splits])
        self._states.splits = SplitFactors(self._splits)

    def _settle(self, sequence: int) -> None:
        self.sequence = sequence
        self._fees.settle()

    def _restore(self, state: BooksState) -> None:
        self.ledger.restore(state.ledger)
        self._states.holdings.restore(state.holdings)
