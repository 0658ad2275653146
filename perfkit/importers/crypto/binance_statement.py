"""Binance's account statement: one row a change of a coin, three and more rows a trade.

The statement has neither ids nor prices. The trade rows of one second and one
wallet are one trade: what came of one coin, what went of another, and the fees.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.crypto.binance_operations import (
    CONVERSIONS,
    FEES,
    FUTURES_RESULTS,
    KINDS,
    TRADES,
    TRANSFERS,
)
from perfkit.importers.crypto.binance_pairs import pair_of
from perfkit.importers.crypto.binance_times import binance_time
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.row_cells import required_number, required_word, word
from perfkit.importers.row_order import oldest_first
from perfkit.records import CashKind, CashRecord, Fill, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perfkit.importers.owners import Owner
    from perfkit.importers.result import ImportResult
    from perfkit.importers.source_rows import SourceRows

__all__ = ["STATEMENT_COLUMNS", "read_statement"]

STATEMENT_COLUMNS = ("UTC_Time", "Account", "Operation", "Coin", "Change")
_Outcome = list[Draft] | Skip | UnreadableCellError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One row: a coin that came or went."""

    line: int
    account: str
    time: datetime
    wallet: str
    operation: str
    coin: str
    amount: float


def read_statement(rows: SourceRows, owner: Owner) -> ImportResult:
    """Read an account statement.

    Parameters
    ----------
    rows : SourceRows
        The statement, with `STATEMENT_COLUMNS`.
    owner : Owner
        Whose rows they are; ``User_ID`` names the account.
    """
    listed = list(zip(rows.lines.tolist(), rows.table.to_pylist(), strict=True))
    ordered = oldest_first(listed, lambda row: binance_time(word(row, "UTC_Time")))
    outcomes = _outcomes(ordered, owner)
    constants = {"strategy_id": owner.strategy_of(None), "source": owner.source}
    told = [(line, outcomes[line]) for line, _ in ordered]
    return read_drafts(rows.name, told, _told, constants, rows.refused)


def _told(outcome: _Outcome) -> list[Draft] | Skip:
    if isinstance(outcome, UnreadableCellError):
        raise outcome
    return outcome


def _outcomes(rows: Iterable[tuple[int, Mapping[str, Any]]], owner: Owner) -> dict[int, _Outcome]:
    """Say of each line what it is."""
    outcomes: dict[int, _Outcome] = {}
    trades: dict[tuple[object, ...], list[_Change]] = defaultdict(list)
    for line, row in rows:
        try:
            change = _change(line, row, owner)
            family = _family(change)
            if family is None:
                outcomes[line] = _single(change)
            else:
                trades[change.account, change.wallet, change.time, family].append(change)
        except UnreadableCellError as error:
            outcomes[line] = error
    for changes in trades.values():
        outcomes |= _trade(changes)
    return outcomes


def _change(line: int, row: Mapping[str, Any], owner: Owner) -> _Change:
    amount = required_number(row, "Change", "amount")
    if not math.isfinite(amount):
        raise UnreadableCellError("amount", f"must be finite, was {amount}; export the file again")
    return _Change(
        line=line,
        account=owner.account_of(word(row, "User_ID")),
        time=binance_time(word(row, "UTC_Time")),
        wallet=word(row, "Account") or "",
        operation=required_word(row, "Operation", "kind"),
        coin=required_word(row, "Coin", "currency"),
        amount=amount,
    )


def _family(change: _Change) -> str | None:
    """Name the kind of trade that a row is a part of, where it is one."""
    if "futures" in change.wallet.casefold():
        return None
    operation = change.operation.casefold()
    if operation in CONVERSIONS:
        return operation
    return "trade" if operation in TRADES or operation in FEES else None


def _single(change: _Change) -> list[Draft] | Skip:
    """Read a row that stands for itself."""
    operation = change.operation.casefold()
    if operation in TRANSFERS:
        return Skip(f"neither a trade nor a result: {change.operation}")
    if operation in FUTURES_RESULTS:
        return Skip(f"told by the trades of the futures account: {change.operation}")
    if operation not in KINDS:
        raise UnreadableCellError(
            "kind",
            f"must be an operation that is known, was {change.operation!r}; record what it "
            "did by hand, as cash or as a fill",
        )
    kind = KINDS[operation]
    return [_cash(change, kind, change.amount)]


def _cash(change: _Change, kind: CashKind, amount: float, symbol: str | None = None) -> Draft:
    fields = {
        "account_id": change.account,
        "execution_time": change.time,
        "kind": kind.value,
        "amount": amount,
        "currency": change.coin,
        "symbol": symbol,
    }
    return Draft(CashRecord, fields)


def _trade(changes: list[_Change]) -> dict[int, _Outcome]:
    """Make one trade of the rows of a second, told by the first of them."""
    sums = _summed(c for c in changes if c.operation.casefold() not in FEES)
    fees = [c for c in changes if c.operation.casefold() in FEES]
    if not sums:  # its trade stands in another second; that the fee was paid is certain
        return {fee.line: [_cash(fee, CashKind.FEE, fee.amount)] for fee in fees}
    came = [coin for coin, amount in sums.items() if amount > 0]
    went = [coin for coin, amount in sums.items() if amount < 0]
    is_one_trade = len(sums) == len(came) + len(went) and len(came) == len(went) == 1
    pair = pair_of((came[0], went[0])) if is_one_trade else None
    if pair is None:
        told = ", ".join(f"{amount:+} {coin}" for coin, amount in sums.items())
        error = UnreadableCellError(
            "volume",
            f"must be one coin that came and one that went, of a pair that is known, in one "
            f"second, were {told}; read the spot trade history, which has a row for each trade",
        )
        return {change.line: error for change in changes}
    drafts = _drafts(pair, sums, fees, changes[0])
    rest = Skip(f"part of the trade on line {changes[0].line}")
    return {c.line: drafts if c is changes[0] else rest for c in changes}


def _drafts(
    pair: tuple[str, str], sums: Mapping[str, float], fees: list[_Change], first: _Change
) -> list[Draft]:
    base, quote = pair
    symbol = f"{base}/{quote}"
    costs = _summed(fees)
    coin = next(iter(costs), None)
    fill = {
        "account_id": first.account,
        "execution_time": first.time,
        "symbol": symbol,
        "side": (Side.BUY if sums[base] > 0 else Side.SELL).value,
        "price": abs(sums[quote] / sums[base]),
        "volume": abs(sums[base]),
        "commission": 0.0 - costs[coin] if coin is not None else 0.0,
        "fee_currency": coin,
        "currency": quote,
        "base_currency": base,
    }
    others = [
        _cash(next(fee for fee in fees if fee.coin == name), CashKind.FEE, amount, symbol)
        for name, amount in costs.items()
        if name != coin
    ]
    return [Draft(Fill, fill), *others]


def _summed(changes: Iterable[_Change]) -> dict[str, float]:
    amounts: dict[str, list[float]] = defaultdict(list)
    for change in changes:
        amounts[change.coin].append(change.amount)
    return {coin: math.fsum(each) for coin, each in amounts.items()}
