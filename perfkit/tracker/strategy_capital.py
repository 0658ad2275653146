"""A strategy's capital: what was paid in, and what its cash earned beside its trades."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from perfkit.records import CashKind

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["NO_CAPITAL", "StrategyCapital", "capital_of"]

_FLOWS = [CashKind.DEPOSIT.value, CashKind.WITHDRAWAL.value]


class StrategyCapital(NamedTuple):
    """Cash of one strategy that no fill moved.

    Attributes
    ----------
    paid_in : float
        The most that deposits less withdrawals ever came to; NaN without a deposit.
    earned : float
        Funding, interest, dividends, taxes and fees.
    currencies : frozenset of str
        Those that the records name.
    """

    paid_in: float
    earned: float
    currencies: frozenset[str]


NO_CAPITAL = StrategyCapital(math.nan, 0.0, frozenset())


def capital_of(cash: pa.Table) -> dict[str, StrategyCapital]:
    """Add the cash of one account up, strategy by strategy.

    Parameters
    ----------
    cash : pyarrow.Table
        Columns of `CashRecord`.
    """
    frame = pl.from_arrow(cash)
    assert isinstance(frame, pl.DataFrame)
    is_flow = pl.col("kind").is_in(_FLOWS)
    amount = pl.col("amount")
    found = (
        frame.sort("execution_time", maintain_order=True)
        .group_by("strategy_id", maintain_order=True)
        .agg(
            paid_in=amount.filter(is_flow).cum_sum().max(),
            earned=amount.filter(~is_flow).sum(),
            currencies=pl.col("currency").drop_nulls().unique(),
        )
    )
    return {
        row["strategy_id"]: StrategyCapital(
            paid_in=row["paid_in"] if (row["paid_in"] or 0.0) > 0.0 else math.nan,
            earned=row["earned"],
            currencies=frozenset(row["currencies"]),
        )
        for row in found.iter_rows(named=True)
    }
