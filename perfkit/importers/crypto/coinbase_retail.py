"""Coinbase's retail history: purchases, sales, conversions, rewards and transfers in one CSV.

What a purchase cost is its subtotal and its fee. The ``Price at Transaction`` beside
them is the market's, with the spread taken out, and gives other money.
"""

from __future__ import annotations

import gzip
import math
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.row_cells import (
    moment,
    number,
    required,
    required_number,
    required_word,
    word,
)
from perfkit.importers.row_order import oldest_first
from perfkit.importers.source_rows import CsvStyle
from perfkit.records import CashKind, CashRecord, Fill, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd

    from perfkit.importers.result import ImportResult
    from perfkit.importers.source_rows import SourceRows

__all__ = ["RETAIL_COLUMNS", "read_retail", "retail_style"]

RETAIL_COLUMNS = ("Timestamp", "Transaction Type", "Asset", "Quantity Transacted", "Subtotal")
_TOTALS = ("Total (inclusive of fees and/or spread)", "Total (inclusive of fees)")
_FEES = ("Fees and/or Spread", "Fees")
_CURRENCIES = ("Price Currency", "Spot Price Currency")
_SIDES = {
    "buy": Side.BUY,
    "advanced trade buy": Side.BUY,
    "advance trade buy": Side.BUY,
    "sell": Side.SELL,
    "advanced trade sell": Side.SELL,
    "advance trade sell": Side.SELL,
}
_KINDS = {
    "receive": CashKind.DEPOSIT,
    "deposit": CashKind.DEPOSIT,
    "pro withdrawal": CashKind.DEPOSIT,
    "exchange withdrawal": CashKind.DEPOSIT,
    "send": CashKind.WITHDRAWAL,
    "withdrawal": CashKind.WITHDRAWAL,
    "pro deposit": CashKind.WITHDRAWAL,
    "exchange deposit": CashKind.WITHDRAWAL,
    "staking income": CashKind.INTEREST,
    "rewards income": CashKind.INTEREST,
    "reward income": CashKind.INTEREST,
    "inflation reward": CashKind.INTEREST,
    "interest payout": CashKind.INTEREST,
    "coinbase earn": CashKind.INTEREST,
    "learning reward": CashKind.INTEREST,
}
_TRANSFERS = ("vault withdrawal", "cash to savings")
_SIGNED_MONEY = re.compile(r"([+-]?)\s*[^\d\s.,+-]{1,3}\s*([+-]?[\d.,]+)")
_CONVERTED = re.compile(r"Converted [\d.,]+ (\w+) to ([\d.,]+) (\w+)")
_TRADED = re.compile(r"(?:Bought|Sold) \S+ \S+ for \S+ (\w+)")
_PREAMBLE = 30  # lines; the longest that is known has 8
_CENT = 0.015  # subtotal, fee and total are each rounded to cents


def retail_style(source: str | Path | pd.DataFrame) -> CsvStyle:
    """Find the header of a retail history below the lines that some exports begin with."""
    if not isinstance(source, (str, Path)):
        return CsvStyle()
    path = Path(source)
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as stream:
            for skip, line in enumerate(islice(stream, _PREAMBLE)):
                if "Timestamp" in line and "Transaction Type" in line:
                    return CsvStyle(skip_lines=skip)
    except (OSError, EOFError, UnicodeError):
        return CsvStyle()  # what is wrong is said when it is read
    return CsvStyle()


def read_retail(rows: SourceRows, constants: Mapping[str, str | None]) -> ImportResult:
    """Read a retail history.

    Parameters
    ----------
    rows : SourceRows
        The history, with `RETAIL_COLUMNS`.
    constants : mapping of str to str or None
        Fields of every record.
    """
    listed = list(zip(rows.lines.tolist(), rows.table.to_pylist(), strict=True))
    return read_drafts(rows.name, oldest_first(listed, _moment), _drafts, constants, rows.refused)


def _drafts(row: Mapping[str, Any]) -> list[Draft] | Skip:
    kind = required_word(row, "Transaction Type", "side")
    name = kind.casefold()
    if name in _TRANSFERS:
        return Skip(f"moved inside the account: {kind}")
    if name == "convert":
        return _conversion(row)
    if name in _SIDES:
        return [_trade(row, _SIDES[name])]
    if name in _KINDS:
        return [_cash(row, _KINDS[name])]
    raise UnreadableCellError(
        "side",
        f"must be a transaction type that is known, was {kind!r}; record what it did by hand, "
        "as cash or as a fill",
    )


def _trade(row: Mapping[str, Any], side: Side) -> Draft:
    currency = _currency(row)
    noted = _TRADED.match(word(row, "Notes") or "")
    if noted is not None and noted.group(1) != currency:
        raise UnreadableCellError(
            "currency",
            f"must be the one that was paid, {noted.group(1)!r}, was {currency!r}, into which the "
            "history converts; read this trade from the fills of the Advanced Trade API",
        )
    value = abs(required(_money(row, ("Subtotal",)), "price", "Subtotal"))
    fee = abs(_money(row, _FEES) or 0.0)
    total = _money(row, _TOTALS)
    implied = value + fee if side == Side.BUY else value - fee
    if total is not None and not math.isclose(abs(total), implied, rel_tol=1e-6, abs_tol=_CENT):
        sign = "+" if side == Side.BUY else "-"
        raise UnreadableCellError(
            "commission",
            f"must make up the total, subtotal {sign} fees is {implied}, the total was {total}; "
            "correct the row at its source",
        )
    given = word(row, "ID")
    fields = {
        "trade_id": None if given is None else identifier(given),
        **_leg(row, side, required_word(row, "Asset", "symbol"), _quantity(row), value),
        "commission": fee,
    }
    return Draft(Fill, fields)


def _conversion(row: Mapping[str, Any]) -> list[Draft]:
    """Read a conversion as a sale and a purchase at one value: no money came or went.

    What was given is worth the fee more than what was received.
    """
    asset, given = required_word(row, "Asset", "symbol"), word(row, "ID")
    noted = _CONVERTED.match(word(row, "Notes") or "")
    if noted is None or noted.group(1) != asset:
        raise UnreadableCellError(
            "volume",
            f"must be told in the notes as 'Converted 1.0 {asset} to 2.0 ...', was "
            f"{word(row, 'Notes')!r}; export the history again",
        )
    received = required_number({"Notes": noted.group(2)}, "Notes", "volume")
    value = abs(required(_money(row, ("Subtotal",)), "price", "Subtotal"))
    fee = abs(_money(row, _FEES) or 0.0)
    legs = [
        _leg(row, Side.SELL, asset, _quantity(row), value + fee) | {"commission": fee},
        _leg(row, Side.BUY, noted.group(3), received, value),
    ]
    money = _currency(row)
    return [
        Draft(Fill, leg | {"trade_id": None if given is None else identifier(f"{given}-{side}")})
        for leg, side in zip(legs, ("sell", "buy"), strict=True)
        if leg["base_currency"] != money
    ]


def _leg(
    row: Mapping[str, Any], side: Side, asset: str, volume: float, value: float
) -> dict[str, Any]:
    currency = _currency(row)
    return {
        "execution_time": _moment(row),
        "symbol": f"{asset}/{currency}",
        "side": side.value,
        "price": value / volume if volume else 0.0,  # refused: a volume is above 0
        "volume": volume,
        "currency": currency,
        "base_currency": asset,
    }


def _cash(row: Mapping[str, Any], kind: CashKind) -> Draft:
    given, amount = word(row, "ID"), _quantity(row)
    fields = {
        "cash_id": None if given is None else identifier(given),
        "execution_time": _moment(row),
        "kind": kind.value,
        "amount": -amount if kind == CashKind.WITHDRAWAL else amount,
        "currency": required_word(row, "Asset", "currency"),
    }
    return Draft(CashRecord, fields)


def _moment(row: Mapping[str, Any]) -> datetime:
    text = word(row, "Timestamp")
    return moment(text and text.removesuffix(" UTC"), "execution_time", zone="UTC")


def _quantity(row: Mapping[str, Any]) -> float:
    name = "Quantity Transacted"
    return abs(required_number(row, name, "volume"))


def _currency(row: Mapping[str, Any]) -> str:
    found = word(row, *_CURRENCIES)
    if found is None:
        raise UnreadableCellError(
            "currency", f"must be given in one of {_CURRENCIES}, was empty; export the file again"
        )
    return found


def _money(row: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    """Read money that may have its currency's sign before or behind its own: ``€-5.00``."""
    text = word(row, *names)
    signed = None if text is None else _SIGNED_MONEY.fullmatch(text)
    cell = text if signed is None else "".join(signed.groups())
    return number({names[0]: cell}, names[0], "price")
