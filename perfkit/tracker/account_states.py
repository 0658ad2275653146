"""Account states: what an account's strategy held just before each fill.

From our own books alone: cash that was recorded, cash that fills moved, and
positions at the last price known by then, a fill's or the close of a bar.
What can't be known is null: equity without a deposit, sums over more than
one currency, leverage without equity. Nor is it known what an inverse
contract does to cash in its quote currency, for it is settled in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.ledger.account_kernel import AccountFills, Before, follow_accounts
from perfkit.records import TradeRecord, arrow_schema
from perfkit.records.trade_record import ContractType
from perfkit.tracker.cash_flows import CashFlows
from perfkit.tracker.fees import fees_of
from perfkit.tracker.holdings import Holdings

if TYPE_CHECKING:
    from collections.abc import Collection

    from perfkit.ledger.splits import SplitFactors
    from perfkit.tracker.roles import Market

__all__ = ["AccountStates"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STATE = arrow_schema(TradeRecord).field("account_state").type
_FIELDS = list(_STATE)


class AccountStates:
    """Cash and holdings of every account's strategy.

    Parameters
    ----------
    splits : SplitFactors
        Of all accounts.
    """

    def __init__(self, splits: SplitFactors) -> None:
        self.splits = splits
        self.holdings = Holdings()
        self._flows = CashFlows()

    def on_cash(self, cash: pa.Table) -> None:
        """Take cash that moved other than by a fill, in any order.

        Parameters
        ----------
        cash : pyarrow.Table
            Columns of `CashRecord`.
        """
        self._flows.add(cash)

    def forget(self, owners: Collection[tuple[str, str]]) -> None:
        """Forget the fills of some accounts' strategies, but not their cash."""
        self.holdings.forget(owners)

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
        if fills.num_rows == 0:
            return pa.array([], _STATE)
        owner, holding = self.holdings.enter(fills)
        given = self._given(fills, books, owner, holding)
        before = self._before(given, market)
        cash = before.moved + self._flows.until(given, self.holdings)
        equity = cash + before.worth
        with np.errstate(divide="ignore", invalid="ignore"):
            leverage = np.where(equity > 0.0, before.exposure / equity, np.nan)
        columns = {
            "equity": _known(equity),
            "cash": _known(cash),
            "position_before": books.column("position_before").combine_chunks(),
            "position_after": books.column("position").combine_chunks(),
            "exposure": _known(before.exposure),
            "leverage": _known(leverage),
            "trades_since_flat": books.column("trades_since_flat").combine_chunks(),
        }
        return pa.StructArray.from_arrays(
            [columns[field.name] for field in _FIELDS], fields=_FIELDS
        )

    def _before(self, given: AccountFills, market: Market | None) -> Before:
        """Run the fills over what is held."""
        before = Before(*np.empty((3, len(given.time))))
        first, held = self.holdings.by_owner()
        closes = self.holdings.closes(given, self.splits, market)
        known = np.zeros(int(closes.of_holding.max()) + 1, np.int64)
        room = known, np.full(len(known), np.nan)
        follow_accounts(
            *(given, closes, self.holdings.owners, self.holdings.held, first, held, room, before)
        )
        return before

    def _given(
        self, fills: pa.Table, books: pa.Table, owner: Integers, holding: Integers
    ) -> AccountFills:
        """Read the fills as the kernel takes them, in units of before any split."""
        time, price = _micros(fills), _floats(fills, "price")
        multiplier = _floats(fills, "multiplier")
        units = _floats(books, "position") * multiplier
        sign = np.where(pc.equal(fills.column("side"), "buy").to_numpy(), 1.0, -1.0)
        fees = fees_of(fills)
        fee = np.where(fees.in_asset, 0.0, _floats(fills, "commission"))  # the units have paid
        fee[fees.is_foreign] = np.nan
        paid = sign * _floats(fills, "volume") * price * multiplier + fee
        if not self.splits.is_empty:
            factor = self.splits.at(fills.column("account_id"), fills.column("symbol"), time)
            units, price = units / factor, price * factor
        is_inverse = pc.equal(fills.column("contract"), ContractType.INVERSE.value).to_numpy()
        currency = self.holdings.currencies(fills.column("currency"))
        return AccountFills(owner, holding, time, units, price, paid, currency, is_inverse)


def _known(values: Floats) -> pa.Array:
    is_unknown = np.isnan(values)
    return pa.array(values, mask=is_unknown) if is_unknown.any() else pa.array(values)


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), np.float64)


def _micros(table: pa.Table) -> Any:
    return table.column("execution_time").to_numpy().view(np.int64)
