"""The ledger: positions, cost and P&L of every (account, strategy, symbol).

Fills go in as tables of any size, in any order across books; what comes out for a
fill does not depend on how the fills were cut into tables.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, PerfkitError, UnfitFillError
from perfkit.ledger import kernel, ledger_state
from perfkit.ledger.books import Books
from perfkit.ledger.cost import Method, cost_method
from perfkit.ledger.exchange_rates import ExchangeRates
from perfkit.ledger.fill_columns import BOOK_KEY, columns_in_order, in_canonical_order
from perfkit.ledger.ledger_answer import answer_columns, method_columns
from perfkit.ledger.splits import SplitFactors
from perfkit.ledger.state import new_trips
from perfkit.ledger.valuation import strategy_pnl

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from perfkit.ledger.ledger_state import LedgerState
    from perfkit.records.pnl import StrategyPnl

__all__ = ["Ledger"]

_CHUNK = 524_288  # fills at a time: bounds what is needed beside input and answer


class Ledger:
    """Books that take fills and answer what each of them did.

    Parameters
    ----------
    method : {"average", "fifo", "lifo", "hifo"} or a sequence of them
        How an exit finds its entry price; several are kept in one pass. Positions,
        fees, and P&L of a position that is flat again do not depend on it. Of the open
        lots, ``hifo`` closes the one with the least to gain first.
    splits : pyarrow.Table, optional
        Columns of ``SplitRecord``: all splits up to the last fill.
    rates : pyarrow.Table, optional
        Columns of ``Mark``, of symbols such as ``BNB/USDT``: exchange rates, for fees
        in a currency that is neither that of the price nor the asset.

    Raises
    ------
    InvalidArgumentError
        When there is no method of that name, or one is given twice.

    Notes
    -----
    A fill against the position realises ``(price - entry) * closed * multiplier``
    (the sign turned for a short) at the method's entry price; one that is larger than
    the position closes it at its own price and reopens at it. An inverse contract
    realises ``(1 / entry - 1 / price) * closed * multiplier`` of its base currency. A
    position counts as flat below 1e-9 of the volume that was traded since it was last
    flat. P&L is in the currency of the price, of an inverse contract in its base.

    A fee that is taken in the asset itself lowers what was bought, or comes on top of
    what was sold, and costs what it was worth at the fill's price: so closing
    everything leaves the P&L that the cash shows.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from perfkit.records import Fill, to_table
    >>> def fill(trade_id, day, side, price):
    ...     return Fill(trade_id=trade_id, account_id="main", strategy_id="trend",
    ...                 execution_time=datetime(2024, 1, day, tzinfo=UTC), symbol="SPY",
    ...                 side=side, price=price, volume=100)
    >>> fills = to_table([fill("1", 2, "buy", 50.0), fill("2", 3, "sell", 60.0)], Fill)
    >>> Ledger().apply(fills).column("pnl").to_pylist()
    [0.0, 1000.0]
    """

    def __init__(
        self,
        method: Method | Sequence[Method] = "average",
        *,
        splits: pa.Table | None = None,
        rates: pa.Table | None = None,
    ) -> None:
        self.methods = (method,) if isinstance(method, str) else tuple(method)
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise InvalidArgumentError(
                f"method must name one or several methods, each once, was {method!r}"
            )
        self._costs = {name: cost_method(name) for name in self.methods}
        self._splits = SplitFactors(splits)
        self._rates = ExchangeRates(rates)
        self._books = Books()

    def apply(self, fills: pa.Table) -> pa.Table:
        """Take fills into the books.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of ``Fill``, and ``sequence`` where there is one. Applied in
            canonical order, (execution_time, sequence); row order stands for a missing
            sequence.

        Returns
        -------
        pyarrow.Table of n_fills rows, in the order of the input
            realized_pnl : gross P&L of what the fill closed.
            fees : the fill's commission in the currency of the P&L; null where it was
            paid in a third currency and no rate was known.
            pnl : ``realized_pnl - fees``.
            cumulative_pnl : sum of ``pnl`` of the account's strategy in that currency up
            to this fill, in the order in which fills were applied.
            position, average_price : after the fill, in units of its day; the price is
            null when flat.
            position_before, average_price_before : before it, likewise.
            entry_time : when the position that the fill opened, added to or closed was
            opened.
            trades_since_flat : fills of that position before this one.
            usual_entry_notional : running average value of the book's last 20 or so
            opening fills before this one (weight 1/20 a fill); null before 5 of them.
            round_trip_pnl : net P&L of the flat-to-flat round trip that the fill
            closed, all fees included; null when it closed none.

            With several methods, ``realized_pnl``, ``pnl``, ``cumulative_pnl`` and the
            two averages stand there once a method, as ``pnl_fifo``.

        Raises
        ------
        SchemaError
            When a column is missing, or a time has no zone.
        LateFillError
            When a fill is older than the last one of its book, or corrects another; the
            books are then as before.
        UnfitFillError
            When a book's multiplier, contract or currency changes; the books are then as
            before.
        """
        ordered, order = in_canonical_order(fills)
        is_small = ordered.num_rows <= _CHUNK
        try:
            answer = self._apply(ordered) if is_small else self._apply_chunks(ordered)
        except UnfitFillError as error:
            if order is not None:
                error.row = int(order[error.row])
            raise
        return answer if order is None else answer.take(np.argsort(order))

    def _apply_chunks(self, fills: pa.Table) -> pa.Table:
        """Take fills chunk by chunk, all or none, in bounded memory."""
        before = copy.deepcopy((self._books, self._costs))
        answers = []
        try:
            for start in range(0, fills.num_rows, _CHUNK):
                answers.append(self._apply(fills.slice(start, _CHUNK)))
        except PerfkitError as error:
            self._books, self._costs = before
            if isinstance(error, UnfitFillError):
                error.row += start
            raise
        return pa.concat_tables(answers)

    def _apply(self, fills: pa.Table) -> pa.Table:
        columns = columns_in_order(fills, self._splits, self._rates)
        entered = self._books.enter(columns)
        books = self._books.state
        moves, trips = self._books.move(entered), new_trips(len(entered.book))
        found: dict[str, pa.Array] = {}
        for place, (name, method) in enumerate(self._costs.items()):
            costs = method.apply(entered, moves, books)
            if place == 0:
                kernel.follow_trips(entered, moves, costs.realized, books, trips)
            cumulative = method.total(entered, costs, books)
            suffix = "" if len(self._costs) == 1 else f"_{name}"
            found |= method_columns(columns, costs, cumulative, suffix)
        return answer_columns(columns, moves, trips, found)

    def state(self) -> LedgerState:
        """Copy what a ledger at average cost remembers; see `restore`."""
        return ledger_state.state_of(self._books, ledger_state.average_cost(self._costs))

    def restore(self, state: LedgerState) -> None:
        """Go on from a state, as if all fills up to it had been applied here.

        Parameters
        ----------
        state : LedgerState
            From a ledger that knew the same splits.

        Raises
        ------
        InvalidArgumentError
            When it is no state of a ledger at average cost.
        """
        ledger_state.average_cost(self._costs)
        self._books, self._costs["average"] = ledger_state.restored(state)

    def restate(
        self,
        owners: Collection[tuple[str, str]],
        *,
        splits: pa.Table | None,
        rates: pa.Table | None,
    ) -> None:
        """Forget some strategies, before all their fills are applied again.

        Parameters
        ----------
        owners : collection of (account, strategy)
            Whose books and sums are forgotten; those of others stay.
        splits, rates : pyarrow.Table, optional
            All of them, as for a new ledger, whatever was known before.

        Raises
        ------
        InvalidArgumentError
            When the ledger does not keep average cost alone.
        """
        cost = ledger_state.average_cost(self._costs)
        ledger_state.forget_owners(self._books, cost, owners)
        self._splits, self._rates = SplitFactors(splits), ExchangeRates(rates)

    def positions(self, method: Method | None = None) -> pd.DataFrame:
        """Every book that had a fill, flat ones too.

        Parameters
        ----------
        method : str, optional
            Whose cost and P&L, of the methods that are kept; the first when None.

        Returns
        -------
        DataFrame
            account_id, strategy_id, symbol, position (signed units, as of the last
            split), average_price (NaN when flat), multiplier, currency (of the P&L; None
            is the account's own), inverse (whether it is an inverse contract),
            realized_pnl (gross), fees, trades, last_time.

        Raises
        ------
        InvalidArgumentError
            When the method is not kept.
        """
        if method is not None and method not in self._costs:
            raise InvalidArgumentError(
                f"method must be one of those that are kept, {self.methods}, was {method!r}"
            )
        cost = self._costs[method or self.methods[0]].state
        keys, books = list(self._books.keys), self._books.state
        frame = pd.DataFrame(keys, columns=list(BOOK_KEY))
        factor = np.array([self._splits.last(key[0], key[2]) for key in keys], np.float64)
        inverse, average = books["inverse"] > 0, cost["average_price"] / factor
        with np.errstate(divide="ignore"):  # a linear price may be 0
            average = np.where(inverse, -1.0 / average, average)
        frame["position"] = (books["position"] + books["position_low"]) * factor
        frame["average_price"] = average
        frame["multiplier"] = books["multiplier"]
        names = [self._books.currency(number) for number in range(len(keys))]
        frame["currency"] = pd.Series(names, frame.index, dtype=object)
        frame["inverse"] = inverse
        frame["realized_pnl"] = cost["realized"] + cost["realized_low"]
        frame["fees"] = cost["fees"] + cost["fees_low"]
        frame["trades"] = cost["fills"]
        times = books["last_time"].view("datetime64[us]")
        frame["last_time"] = pd.DatetimeIndex(times).tz_localize("UTC")
        return frame

    def mark(self, prices: Mapping[str, float], convert_to: str | None = None) -> list[StrategyPnl]:
        """Value every account's strategy at given prices.

        Parameters
        ----------
        prices : mapping of str to float
            Price of each symbol. A symbol that is missing, or NaN, is unpriced. The
            price of ``EUR/USD`` is the rate at which EUR becomes USD.
        convert_to : str, optional
            Currency of the answer, at the rates among ``prices``. Without it a strategy's
            money must be of one currency to be added up.

        Returns
        -------
        list of StrategyPnl
            Sorted by account and strategy, by the first cost method. Where a position
            has no price, or money no rate, its symbol or currency stands in
            ``unpriced`` and what depends on it is NaN.
        """
        books, unconverted = self.positions(), self._books.unconverted
        groups = books.groupby(["account_id", "strategy_id"], sort=True)
        return [
            strategy_pnl(
                own, prices, convert_to, unconverted.get((str(owner[0]), str(owner[1])), set())
            )
            for owner, own in groups
        ]
