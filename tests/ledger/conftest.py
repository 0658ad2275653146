"""What the ledger's tests may ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from perfkit.records import CashRecord, Fill, Mark, SplitRecord, to_table

START = datetime(2024, 1, 1, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def fills() -> Callable[..., pa.Table]:
    """Build a table from (day, side, volume, price) and what else a fill says."""

    def build(*rows: tuple[Any, ...], **common: Any) -> pa.Table:
        return to_table([_fill(number, *row, **common) for number, row in enumerate(rows)], Fill)

    def _fill(number, when, side, volume, price, more=(), **common) -> Fill:
        named = {"trade_id": f"T{number}", "account_id": "main", "strategy_id": "trend"}
        named |= {"execution_time": day(when), "symbol": "SPY", "side": side}
        return Fill(**(named | {"volume": volume, "price": price} | common | dict(more)))

    return build


@pytest.fixture
def marks() -> Callable[..., pa.Table]:
    """Build a table of marks from (day, price) or (day, price, symbol)."""

    def build(*rows: tuple[Any, ...]) -> pa.Table:
        return to_table(
            [Mark(time=day(w), price=p, symbol=s[0] if s else "SPY") for w, p, *s in rows], Mark
        )

    return build


@pytest.fixture
def cash() -> Callable[..., pa.Table]:
    """Build a table of cash from (day, amount) or (day, amount, strategy)."""

    def build(*rows: tuple[Any, ...]) -> pa.Table:
        records = [
            CashRecord(
                cash_id=f"C{number}",
                account_id="main",
                strategy_id=s[0] if s else "trend",
                execution_time=day(w),
                kind="deposit" if amount > 0 else "withdrawal",
                amount=amount,
            )
            for number, (w, amount, *s) in enumerate(rows)
        ]
        return to_table(records, CashRecord)

    return build


@pytest.fixture
def splits() -> Callable[..., pa.Table]:
    """Build a table of splits from (day, ratio) or (day, ratio, symbol)."""

    def build(*rows: tuple[Any, ...]) -> pa.Table:
        return to_table([_split(n, *row) for n, row in enumerate(rows)], SplitRecord)

    def _split(number, when, ratio, symbol="SPY") -> SplitRecord:
        return SplitRecord(
            split_id=f"S{number}", account_id="main", symbol=symbol, ratio=ratio,
            execution_time=day(when),
        )  # fmt: skip

    return build
