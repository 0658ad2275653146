"""Cash rows: deposits and withdrawals before they are recorded."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidTableError, RowError
from perfkit.records import CashKind
from perfkit.records.checks import rows_where

__all__ = ["check_signs"]


def check_signs(cash: pa.Table) -> None:
    """Check that deposits come and withdrawals go.

    Raises
    ------
    InvalidTableError
        Listing every row whose amount has not the sign of its kind.
    """
    is_deposit = pc.equal(cash.column("kind"), CashKind.DEPOSIT.value)
    is_wrong = pc.xor(is_deposit, pc.greater(cash.column("amount"), 0.0))
    errors = tuple(
        RowError(
            row=row,
            field="amount",
            message=(
                f"cash record {cash.column('cash_id')[row].as_py()!r}: amount must be > 0 for a "
                f"deposit and < 0 for a withdrawal, was {cash.column('amount')[row].as_py()} for a "
                f"{cash.column('kind')[row].as_py()}; turn the sign or the kind"
            ),
        )
        for row in rows_where(is_wrong)
    )
    if errors:
        raise InvalidTableError("cash record", errors, cash.num_rows)
