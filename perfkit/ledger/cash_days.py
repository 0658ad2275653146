"""Cash by trading day: capital that came and went, and P&L that is no trade's."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from perfkit.errors import SchemaError
from perfkit.ledger.nav import OWNER
from perfkit.ledger.trading_day import TradingClock, trading_day
from perfkit.records.cash import CashKind, CashRecord
from perfkit.records.schema import TIMESTAMP, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from perfkit.ledger.exchange_rates import ExchangeRates

__all__ = ["CASH_COLUMNS", "cash_days"]

_COLUMN_OF: Mapping[str, str] = MappingProxyType(
    {
        CashKind.DEPOSIT: "flow",
        CashKind.WITHDRAWAL: "flow",
        CashKind.FUNDING: "funding",
        CashKind.BORROW: "funding",
        CashKind.INTEREST: "funding",
        CashKind.DIVIDEND: "dividends",
        CashKind.TAX: "dividends",
        CashKind.FEE: "fees",
    }
)
CASH_COLUMNS = tuple(dict.fromkeys(_COLUMN_OF.values()))


def cash_days(
    cash: pa.Table | None, clock: TradingClock, rates: ExchangeRates, target: str | None
) -> pd.DataFrame:
    """Lay cash records out by what they are to a day's P&L.

    Parameters
    ----------
    cash : pyarrow.Table, optional
        Columns of ``CashRecord``.
    clock : TradingClock
        The desk's trading day.
    rates : ExchangeRates
        For conversion, at the rate of each record's own time.
    target : str, optional
        Currency to convert to; cash that names none is the account's own and stays.

    Returns
    -------
    DataFrame, one row a record
        account_id, strategy_id, day, currency, and flow, funding, dividends, fees: the
        amount in one of them, 0 in the others; signed as cash.

    Raises
    ------
    SchemaError
        When a column is missing.
    """
    table = arrow_schema(CashRecord).empty_table() if cash is None else cash
    needed = [*OWNER, "execution_time", "kind", "amount", "currency"]
    if missing := [name for name in needed if name not in table.column_names]:
        raise SchemaError(
            f"a table of cash must have the columns of CashRecord; missing {missing}; "
            "bring it to the schema with conform(table, CashRecord)"
        )
    days = trading_day(table.column("execution_time"), clock.zone, clock.cutoff)
    frame: pd.DataFrame = (
        table.select([*OWNER, "currency"]).to_pandas().assign(day=days.astype("datetime64[us]"))
    )
    amount = table.column("amount").to_numpy().copy()
    times = table.column("execution_time").cast(TIMESTAMP).cast(pa.int64()).to_numpy()
    for name in sorted(set(frame["currency"].dropna()) - {target} if target else ()):
        own = (frame["currency"] == name).to_numpy()
        amount[own] *= rates.at(name, str(target), times[own])
    column = np.array([_COLUMN_OF[kind] for kind in table.column("kind").to_pylist()])
    return frame.assign(**{name: np.where(column == name, amount, 0.0) for name in CASH_COLUMNS})
