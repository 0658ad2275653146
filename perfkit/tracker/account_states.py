"""Account states: what an account's strategy held just before each fill.

From our own books alone: cash that was recorded, cash that fills moved, and
positions at the last price known by then, a fill's or the close of a bar.
What can't be known is null: equity without a deposit, sums over more than
one currency, leverage without equity. Nor is it known what an inverse
contract does to cash in its quote currency, for it is settled in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.records import AccountState, CashKind, CashRecord, TradeRecord, arrow_schema
from perfkit.records.trade_record import ContractType
from perfkit.tracker.fees import fees_of
from perfkit.tracker.holdings import Filled, Holdings

if TYPE_CHECKING:
    from perfkit.ledger.splits import SplitFactors
    from perfkit.tracker.roles import Market

__all__ = ["AccountStates"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STATE = arrow_schema(TradeRecord).field("account_state").type


class AccountStates:
    """Cash and holdings of every account's strategy.

    Parameters
    ----------
    splits : SplitFactors
        Of all accounts.
    """

    def __init__(self, splits: SplitFactors) -> None:
        self._splits = splits
        self._strategies: dict[tuple[str, str], _Strategy] = {}

    def on_cash(self, cash: pa.Table) -> None:
        """Take cash that moved other than by a fill, in any order.

        Parameters
        ----------
        cash : pyarrow.Table
            Columns of `CashRecord`.
        """
        for key, rows in _by_strategy(cash):
            self._strategy(key).on_cash(cash.take(rows))

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
            mine = fills if len(rows) == fills.num_rows else fills.take(rows)
            after = _floats(books, "position")[rows]
            for name, values in self._strategy(key).before(mine, after, market).items():
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

    def _strategy(self, key: tuple[str, str]) -> _Strategy:
        if key not in self._strategies:
            self._strategies[key] = _Strategy(Holdings(key[0], self._splits))
        return self._strategies[key]


class _Strategy:
    """Cash and holdings of one account's strategy."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._flows = arrow_schema(CashRecord).empty_table()
        self._moved = 0.0  # by fills
        self._currency: str | None = None
        self._is_traded = self._is_unknown = False

    def on_cash(self, cash: pa.Table) -> None:
        """Take cash that moved other than by a fill."""
        self._flows = pa.concat_tables([self._flows, cash]).sort_by("execution_time")

    def before(self, fills: pa.Table, after: Floats, market: Market | None) -> dict[str, Floats]:
        """Take fills, and give cash, value and exposure just before each."""
        times, price = _micros(fills.column("execution_time")), _floats(fills, "price")
        multiplier = _floats(fills, "multiplier")
        is_buy = pc.equal(fills.column("side"), "buy").to_numpy()
        value = np.where(is_buy, 1.0, -1.0) * _floats(fills, "volume") * price * multiplier
        fees = fees_of(fills)
        fee = np.where(fees.in_asset, 0.0, _floats(fills, "commission"))  # the units have paid
        fee[fees.is_foreign] = np.nan
        moved = np.cumsum(np.concatenate([[self._moved], -value - fee]))
        self._moved = float(moved[-1])
        filled = Filled(after * multiplier, price, times)
        worth, exposure = self._holdings.values(fills, filled, market)
        is_unknown = self._unknown(fills)
        cash = self._flows_until(times) + moved[:-1]
        for values in (cash, worth, exposure):
            values[is_unknown] = np.nan
        return {"cash": cash, "value": worth, "exposure": exposure}

    def _unknown(self, fills: pa.Table) -> Flags:
        """Tell from which fill on there is more than one currency to sum over."""
        currencies = fills.column("currency").to_pylist()
        if not self._is_traded:
            self._currency, self._is_traded = currencies[0], True
        is_inverse = pc.equal(fills.column("contract"), ContractType.INVERSE.value).to_pylist()
        is_other = [
            currency != self._currency or inverse
            for currency, inverse in zip(currencies, is_inverse, strict=True)
        ]
        is_unknown = np.logical_or.accumulate(np.array([self._is_unknown, *is_other]))[1:]
        self._is_unknown = bool(is_unknown[-1])
        return is_unknown

    def _flows_until(self, times: Integers) -> Floats:
        """Sum the cash up to each time; NaN before a deposit, and after another currency."""
        amounts, kinds = _floats(self._flows, "amount").copy(), self._flows.column("kind")
        if self._currency is not None:
            is_other = pc.not_equal(self._flows.column("currency"), self._currency)
            amounts[pc.fill_null(is_other, False).to_numpy()] = np.nan
        sums = np.concatenate([[np.nan], np.cumsum(amounts)])
        first = pc.index(kinds, CashKind.DEPOSIT.value).as_py()
        sums[: len(sums) if first < 0 else first + 1] = np.nan
        flow_times = _micros(self._flows.column("execution_time"))
        return sums[np.searchsorted(flow_times, times, side="right")]


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
