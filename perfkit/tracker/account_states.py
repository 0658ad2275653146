"""Account states: what an account's strategy held just before each fill.

From our own books alone: cash that was recorded, cash that fills moved, and
positions at the last price known by then, a fill's or the close of a bar.
What can't be known is null: equity without a deposit, sums over more than
one currency, leverage without equity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.records import AccountState, TradeRecord, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.tracker.roles import Market

__all__ = ["AccountStates"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STATE = arrow_schema(TradeRecord).field("account_state").type


@dataclass(slots=True)
class _Holding:
    units: float = 0.0  # signed, times the multiplier
    price: float = 0.0
    time: int = 0


class _Track(NamedTuple):
    units: Floats  # before each fill of the strategy
    price: Floats
    time: Integers


@dataclass(slots=True)
class _Strategy:
    cash: float = 0.0  # what fills moved
    currency: str | None = None
    is_mixed: bool = False
    is_traded: bool = False
    holdings: dict[str, _Holding] = field(default_factory=dict)
    flow_times: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    flows: Floats = field(default_factory=lambda: np.empty(0))


class AccountStates:
    """Cash and holdings of every account's strategy."""

    def __init__(self) -> None:
        self._strategies: dict[tuple[str, str], _Strategy] = {}

    def on_cash(self, cash: pa.Table) -> None:
        """Take deposits and withdrawals, in any order.

        Parameters
        ----------
        cash : pyarrow.Table
            Columns of `CashRecord`.
        """
        times, amounts = _micros(cash.column("execution_time")), _floats(cash, "amount")
        for key, rows in _by_strategy(cash):
            strategy = self._strategies.setdefault(key, _Strategy())
            all_times = np.concatenate([strategy.flow_times, times[rows]])
            order = np.argsort(all_times, kind="stable")
            strategy.flow_times = all_times[order]
            strategy.flows = np.concatenate([strategy.flows, amounts[rows]])[order]

    def apply(self, fills: pa.Table, books: pa.Table, market: Market | None) -> pa.Array:
        """Take fills, and give the state just before each of them.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of `Fill`, in canonical order.
        books : pyarrow.Table
            What `Ledger.apply` answered, row for row.
        market : Market, optional
            Gives the closes at which positions are valued between fills.

        Returns
        -------
        pyarrow.StructArray of shape (n_fills,)
            `AccountState` rows.
        """
        found = {name: np.full(fills.num_rows, np.nan) for name in ("cash", "value", "exposure")}
        for key, rows in _by_strategy(fills):
            strategy = self._strategies.setdefault(key, _Strategy())
            mine = fills if len(rows) == fills.num_rows else fills.take(rows)
            after = _floats(books, "position")[rows]
            for name, values in _before(strategy, mine, after, market).items():
                found[name][rows] = values
        equity = found["cash"] + found["value"]
        with np.errstate(divide="ignore", invalid="ignore"):
            leverage = np.where(equity > 0.0, found["exposure"] / equity, np.nan)
        columns = {
            "equity": _known(equity),
            "cash": _known(found["cash"]),
            "position_before": books.column("position_before").combine_chunks(),
            "position_after": books.column("position").combine_chunks(),
            "exposure": _known(found["exposure"]),
            "leverage": _known(leverage),
            "trades_since_flat": books.column("trades_since_flat").combine_chunks(),
        }
        schema = arrow_schema(AccountState)
        return pa.StructArray.from_arrays(
            [columns[name] for name in schema.names], fields=list(_STATE)
        )


def _before(
    strategy: _Strategy, fills: pa.Table, after: Floats, market: Market | None
) -> dict[str, Floats]:
    times, price = _micros(fills.column("execution_time")), _floats(fills, "price")
    multiplier = _floats(fills, "multiplier")
    is_buy = pc.equal(fills.column("side"), "buy").to_numpy()
    value = np.where(is_buy, 1.0, -1.0) * _floats(fills, "volume") * price * multiplier
    moved = np.cumsum(np.concatenate([[strategy.cash], -value - _floats(fills, "commission")]))
    strategy.cash = float(moved[-1])
    worth, exposure = _holdings(strategy, fills, (after * multiplier, price, times), market)
    cash = _flows_until(strategy, times) + moved[:-1]
    is_mixed = _mixed(strategy, fills.column("currency").to_pylist())
    for values in (cash, worth, exposure):
        values[is_mixed] = np.nan
    return {"cash": cash, "value": worth, "exposure": exposure}


def _flows_until(strategy: _Strategy, times: Integers) -> Floats:
    """Give the sum of cash recorded up to each time, NaN before the first."""
    sums = np.concatenate([[np.nan], np.cumsum(strategy.flows)])
    return sums[np.searchsorted(strategy.flow_times, times, side="right")]


def _mixed(strategy: _Strategy, currencies: list[str | None]) -> npt.NDArray[np.bool_]:
    if not strategy.is_traded:
        strategy.currency, strategy.is_traded = currencies[0], True
    other = [currency != strategy.currency for currency in currencies]
    is_mixed = np.logical_or.accumulate(np.array([strategy.is_mixed, *other]))[1:]
    strategy.is_mixed = bool(is_mixed[-1])
    return is_mixed


def _holdings(
    strategy: _Strategy,
    fills: pa.Table,
    filled: tuple[Floats, Floats, Integers],
    market: Market | None,
) -> tuple[Floats, Floats]:
    """Sum the values of all positions before each fill, signed and absolute."""
    worth, exposure = np.zeros(fills.num_rows), np.zeros(fills.num_rows)
    for symbol, track in _tracks(strategy, fills, filled):
        if not track.units.any():
            continue
        price = track.price
        if market is not None:
            asof, close = market.closes(symbol, fills.column("execution_time"))
            is_newer = asof > track.time.view(asof.dtype)
            price = np.where(is_newer & ~np.isnan(close), close, price)
        value = track.units * price
        worth += value
        exposure += np.abs(value)
    return worth, exposure


def _tracks(
    strategy: _Strategy, fills: pa.Table, filled: tuple[Floats, Floats, Integers]
) -> Iterator[tuple[str, _Track]]:
    """Follow each symbol's own fills up to each fill; sorted, for one order of summation."""
    symbols = fills.column("symbol").combine_chunks().dictionary_encode()
    codes = symbols.indices.to_numpy()
    traded = {name: code for code, name in enumerate(symbols.dictionary.to_pylist())}
    for symbol in sorted({*strategy.holdings, *traded}):
        brought = strategy.holdings.pop(symbol, _Holding())
        own = np.flatnonzero(codes == traded.get(symbol, -1))
        last = np.searchsorted(own, np.arange(fills.num_rows))  # 0 is what was brought along
        units, price, time = (
            np.concatenate([[before], after[own]])
            for before, after in zip(
                (brought.units, brought.price, brought.time), filled, strict=True
            )
        )
        if units[-1] != 0.0:
            strategy.holdings[symbol] = _Holding(float(units[-1]), float(price[-1]), int(time[-1]))
        yield symbol, _Track(units[last], price[last], time[last])


def _by_strategy(table: pa.Table) -> list[tuple[tuple[str, str], npt.NDArray[np.intp]]]:
    account, strategy = (
        table.column(name).combine_chunks().dictionary_encode()
        for name in ("account_id", "strategy_id")
    )
    width = len(strategy.dictionary)
    codes = account.indices.to_numpy().astype(np.int64) * width + strategy.indices.to_numpy()
    return [
        (
            (account.dictionary[code // width].as_py(), strategy.dictionary[code % width].as_py()),
            np.flatnonzero(codes == code),
        )
        for code in np.unique(codes).tolist()
    ]


def _known(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), np.float64)


def _micros(times: pa.ChunkedArray) -> Integers:
    return np.asarray(times.cast(pa.int64()).to_numpy())
