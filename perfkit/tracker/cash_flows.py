"""Cash flows: what was paid in and out of each account's strategy, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.records import CashKind, CashRecord, arrow_schema

if TYPE_CHECKING:
    from perfkit.ledger.account_kernel import AccountFills
    from perfkit.tracker.holdings import Holdings

__all__ = ["CashFlows"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Owner = tuple[str, str]


class CashFlows:
    """Cash that moved other than by a fill, by account and strategy."""

    def __init__(self) -> None:
        self._flows: dict[Owner, pa.Table] = {}
        self._sums: dict[tuple[Owner, str | None], tuple[Integers, Floats]] = {}

    def add(self, cash: pa.Table) -> None:
        """Take flows, in any order.

        Parameters
        ----------
        cash : pyarrow.Table
            Columns of `CashRecord`.
        """
        if cash.num_rows == 0:
            return
        keys = cash.select(["account_id", "strategy_id"])
        for each in keys.group_by(keys.column_names).aggregate([]).to_pylist():
            owner = each["account_id"], each["strategy_id"]
            is_own = pc.and_(
                pc.equal(cash.column("account_id"), owner[0]),
                pc.equal(cash.column("strategy_id"), owner[1]),
            )
            before = self._flows.get(owner, arrow_schema(CashRecord).empty_table())
            flows = pa.concat_tables([before, cash.filter(is_own)])
            self._flows[owner] = flows.sort_by("execution_time").combine_chunks()
        self._sums.clear()

    def until(self, fills: AccountFills, holdings: Holdings) -> Floats:
        """Sum the flows of each fill's strategy up to the fill.

        Parameters
        ----------
        fills : AccountFills
            In any order.
        holdings : Holdings
            Names of their owners, and the currency in which each trades.

        Returns
        -------
        ndarray of shape (n_fills,)
            NaN before a deposit, and once cash of another currency came.
        """
        found = np.full(len(fills.time), np.nan)
        for number in np.unique(fills.owner).tolist() if self._flows else ():
            owner = holdings.owner_names[number]
            if owner in self._flows:
                rows = np.flatnonzero(fills.owner == number)
                times, sums = self._of(owner, holdings.currency_of(number))
                found[rows] = sums[np.searchsorted(times, fills.time[rows], side="right")]
        return found

    def _of(self, owner: Owner, currency: str | None) -> tuple[Integers, Floats]:
        """Give the times of an owner's flows, and their sum before the first and after each."""
        if (owner, currency) not in self._sums:
            flows = self._flows[owner]
            amounts = flows.column("amount").to_numpy().copy()
            if currency is not None:
                is_other = pc.not_equal(flows.column("currency"), currency)
                amounts[pc.fill_null(is_other, False).to_numpy()] = np.nan
            sums = np.concatenate([[np.nan], np.cumsum(amounts)])
            first = pc.index(flows.column("kind"), CashKind.DEPOSIT.value).as_py()
            sums[: len(sums) if first < 0 else first + 1] = np.nan
            times = flows.column("execution_time").cast(pa.int64()).to_numpy()
            self._sums[owner, currency] = times, sums
        return self._sums[owner, currency]
