"""Holdings: what each account's strategy holds of each symbol, and what it is worth when.

A position is valued at the last price known by then, a fill's or the close
of a bar. Units are those before any split, and prices follow them, so that a
split changes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.ledger.account_kernel import HOLDING, NOT_TRADED, OWNER, UNSAID, Closes

if TYPE_CHECKING:
    from collections.abc import Collection

    from perfkit.ledger.account_kernel import AccountFills
    from perfkit.ledger.splits import SplitFactors
    from perfkit.tracker.roles import Market

__all__ = ["Holdings", "HoldingsState"]

Integers = npt.NDArray[np.int64]
Key = tuple[str, str, str]

_SEPARATOR = "\x1f"  # in no checked text
_KEY = ("account_id", "strategy_id", "symbol")


class HoldingsState(NamedTuple):
    """What holdings remember: names that JSON can hold, and arrays."""

    names: dict[str, Any]
    arrays: dict[str, npt.NDArray[np.void]]


class Holdings:
    """Everything that is held, numbered.

    Attributes
    ----------
    owner_names : list of (account, strategy)
        By the number of each.
    owners : ndarray of shape (n_owners,), dtype `OWNER`
        What each did with its cash.
    keys : list of (account, strategy, symbol)
        Of each holding.
    held : ndarray of shape (n_holdings,), dtype `HOLDING`
        What is held of each symbol.
    """

    def __init__(self) -> None:
        self._currencies: list[str] = []
        self.owners, self.held = np.zeros(0, OWNER), np.zeros(0, HOLDING)
        self._renew([], [])

    def enter(self, fills: pa.Table) -> tuple[Integers, Integers]:
        """Number the owner and the holding of each fill.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of `Fill`, at least one row.
        """
        joined = pc.binary_join_element_wise(*(fills.column(n) for n in _KEY), _SEPARATOR)
        encoded = joined.combine_chunks().dictionary_encode()
        names = encoded.dictionary.to_pylist()
        if new := [name for name in names if name not in self._numbers]:
            self._open([tuple(name.split(_SEPARATOR)) for name in new])
        numbers = np.array([self._numbers[name] for name in names], np.int64)
        holding = numbers[encoded.indices.to_numpy()]
        return self._owner_of[holding], holding

    def are_late(self, fills: pa.Table) -> bool:
        """Tell whether a fill is older than the last one of its strategy.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of `Fill`.
        """
        if fills.num_rows == 0 or not len(self.held):
            return False
        times = fills.column("execution_time").cast(pa.int64()).to_numpy()
        if times.min() >= self.held["time"].max(initial=0):  # as nearly always
            return False
        last = np.full(len(self.owners), np.iinfo(np.int64).min)
        np.maximum.at(last, self._owner_of, self.held["time"])
        names = zip(*(fills.column(n).to_pylist() for n in _KEY[:2]), strict=True)
        owner = np.array([self._owner_numbers.get(name, -1) for name in names], np.int64)
        return bool((times < np.where(owner < 0, times, last[owner])).any())

    def by_owner(self) -> tuple[Integers, Integers]:
        """Give where each owner's holdings begin, and the holdings in that order, by symbol."""
        return self._first, self._order

    def currencies(self, column: pa.ChunkedArray) -> Integers:
        """Number the currency of each fill."""
        if column.null_count == len(column):
            return np.full(len(column), UNSAID)
        encoded = column.combine_chunks().dictionary_encode()
        for name in encoded.dictionary.to_pylist():
            if name not in self._currencies:
                self._currencies.append(name)
        numbers = [self._currencies.index(name) for name in encoded.dictionary.to_pylist()]
        known = np.array([*numbers, UNSAID], np.int64)
        return np.asarray(known[encoded.indices.fill_null(len(numbers)).to_numpy()])

    def currency_of(self, owner: int) -> str | None:
        """Name the currency of an owner's first fill; None where it was not said."""
        number = int(self.owners[owner]["currency"])
        return self._currencies[number] if number >= 0 else None

    def closes(self, fills: AccountFills, splits: SplitFactors, market: Market | None) -> Closes:
        """Collect the closes that count between the first fill and the last.

        Parameters
        ----------
        fills : AccountFills
            At least one, in canonical order; only what their owners hold is asked for.
        splits : SplitFactors
            Of all accounts.
        market : Market, optional
            Without one there are none.
        """
        nothing = np.zeros(0, np.int64)
        if market is None:
            of_holding = np.zeros(len(self.keys), np.int64)
            return Closes(nothing, nothing, nothing, np.zeros(0), of_holding)
        is_asked = np.zeros(len(self.owners), np.bool_)
        is_asked[fills.owner] = True
        is_open = self.held["units"] != 0.0
        is_open[fills.holding] = True
        wanted = np.flatnonzero(is_asked[self._owner_of] & is_open)
        return self._closes(wanted, fills.time, splits, market)

    def _closes(
        self, wanted: Integers, times: Integers, splits: SplitFactors, market: Market
    ) -> Closes:
        of_holding, instruments = self._instruments(wanted, splits)
        symbols = [symbol for _, symbol in instruments]
        found = market.closes_between(symbols, int(times[0]), int(times[-1]))
        instrument, time, asof, close = found
        for place, (account, symbol) in enumerate(instruments if not splits.is_empty else ()):
            if account is not None:
                rows = np.flatnonzero(instrument == place)
                names = [account] * len(rows), [symbol] * len(rows)
                close[rows] *= splits.at(*names, asof[rows])
        order = np.argsort(time, kind="stable")
        return Closes(time[order], instrument[order], asof[order], close[order], of_holding)

    def _instruments(
        self, wanted: Integers, splits: SplitFactors
    ) -> tuple[Integers, list[tuple[str | None, str]]]:
        """Number what some holdings are priced by: a symbol, of an account if it was split there.

        Returns
        -------
        of_holding : ndarray of shape (n_holdings,)
            The number for each that is wanted.
        instruments : list of (account or None, symbol)
            By number.
        """
        of_holding = np.zeros(len(self.keys), np.int64)
        if splits.is_empty:
            distinct, of_holding[wanted] = np.unique(self._symbol_of[wanted], return_inverse=True)
            names = list(self._symbols)
            return of_holding, [(None, names[number]) for number in distinct.tolist()]
        instruments: dict[tuple[str | None, str], int] = {}
        for number in wanted.tolist():
            account, _, symbol = self.keys[number]
            own = (account if splits.is_split(account, symbol) else None), symbol
            of_holding[number] = instruments.setdefault(own, len(instruments))
        return of_holding, list(instruments)

    def forget(self, owners: Collection[tuple[str, str]]) -> None:
        """Forget what some accounts' strategies hold, as if they had never traded."""
        gone = np.array([name in owners for name in self.owner_names], np.bool_)
        self.owners[gone] = np.array((0.0, NOT_TRADED, 0), OWNER)
        self.held[gone[self._owner_of]] = np.zeros((), HOLDING)

    def state(self) -> HoldingsState:
        """Copy what is remembered; see `restore`."""
        names = {
            "owners": list(self.owner_names),
            "holdings": list(self.keys),
            "currencies": list(self._currencies),
        }
        return HoldingsState(names, {"owners": self.owners.copy(), "holdings": self.held.copy()})

    def restore(self, state: HoldingsState) -> None:
        """Go on from a state."""
        names, arrays = state
        self._currencies = list(names["currencies"])
        self.owners, self.held = arrays["owners"].copy(), arrays["holdings"].copy()
        owners, holdings = names["owners"], names["holdings"]  # lists, where JSON was between
        self._renew([tuple(name) for name in owners], [tuple(key) for key in holdings])

    def _renew(self, owners: list[tuple[str, str]], keys: list[Key]) -> None:
        """Number everything from the beginning."""
        self.owner_names: list[tuple[str, str]] = []
        self.keys: list[Key] = []
        self._owner_numbers: dict[tuple[str, str], int] = {}
        self._numbers: dict[str, int] = {}
        self._symbols: dict[str, int] = {}
        self._rank = np.zeros(0, np.int64)
        self._owner_of, self._symbol_of = np.zeros((2, 0), np.int64)
        self._index(owners, keys)

    def _open(self, keys: list[Key]) -> None:
        owners = [key[:2] for key in keys]
        new = [owner for owner in dict.fromkeys(owners) if owner not in self._owner_numbers]
        added = np.zeros(len(new), OWNER)
        added["currency"] = NOT_TRADED
        self.owners = np.concatenate([self.owners, added])
        self.held = np.concatenate([self.held, np.zeros(len(keys), HOLDING)])
        self._index(new, keys)

    def _index(self, owners: list[tuple[str, str]], keys: list[Key]) -> None:
        """Number new owners and holdings, and order all of them.

        Their order is by owner and symbol, so that sums do not depend on arrival.
        """
        self.owner_names += owners
        _number(self._owner_numbers, owners)
        self._numbers |= {
            _SEPARATOR.join(key): number for number, key in enumerate(keys, len(self.keys))
        }
        self.keys += keys
        symbols = [key[2] for key in keys]
        if _number(self._symbols, symbols):
            names = np.array(list(self._symbols), dtype=np.str_)
            self._rank = np.empty(len(names), np.int64)
            self._rank[names.argsort()] = np.arange(len(names))
        owner_of = [self._owner_numbers[key[:2]] for key in keys]
        symbol_of = [self._symbols[symbol] for symbol in symbols]
        self._owner_of = np.append(self._owner_of, np.array(owner_of, np.int64))
        self._symbol_of = np.append(self._symbol_of, np.array(symbol_of, np.int64))
        order = np.lexsort((self._rank[self._symbol_of], self._owner_of))
        self._order = order.astype(np.int64)
        counts = np.bincount(self._owner_of, minlength=len(self.owner_names))
        self._first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _number(known: dict[Any, int], names: list[Any]) -> bool:
    """Number the names that are new; tell whether any was."""
    before = len(known)
    for name in names:
        known.setdefault(name, len(known))
    return len(known) > before
