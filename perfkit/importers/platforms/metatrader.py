"""MetaTrader 5: the deals of an account's history.

Deals of the types buy and sell are fills, all others move cash. Times count seconds
of the server's clock as if it were UTC. Signs are those of the account's balance: a
commission below 0 is a cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.admission import require_identifier
from perfkit.importers.contract_sizes import ContractSizes, contract_size_of
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.frame_rows import FrameRows, clock_time, frame_rows, require_zone
from perfkit.importers.json_rows import json_objects
from perfkit.importers.owners import strategy_of
from perfkit.importers.platforms.deal_profits import check_profits
from perfkit.importers.row_cells import from_epoch, moment, number, required, required_word, word
from perfkit.records import CashKind, CashRecord, Fill, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["read_metatrader"]

_COLUMNS = ("ticket", "time", "type", "entry", "volume", "price", "profit", "symbol")
_SIDES = {0: Side.BUY, 1: Side.SELL}
_CASH = {
    **dict.fromkeys((4, 7, 8, 9, 10, 11), CashKind.FEE),  # charge, commissions
    12: CashKind.INTEREST,
    **dict.fromkeys((15, 16), CashKind.DIVIDEND),
    17: CashKind.TAX,
}
_CAPITAL = (2, 3, 6)  # balance, credit, bonus
_CANCELLED = (13, 14)
_REASONS = (
    "client", "mobile", "web", "expert", "sl", "tp", "so", "rollover", "vmargin", "split",
)  # fmt: skip
_OUT_BY = 3


def read_metatrader(
    source: str | Path | pd.DataFrame | Sequence[dict[str, Any]],
    *,
    zone: str,
    account: str | None = None,
    strategy: str | None = None,
    contract_size: ContractSizes = 1.0,
    quote_currency: Mapping[str, str] | None = None,
) -> ImportResult:
    """Read the deals of a MetaTrader 5 account.

    Parameters
    ----------
    source : DataFrame, list of dict or path
        ``history_deals_get``, each deal by ``_asdict()``: as a frame, as objects, or
        as a CSV or JSON file. The terminal's HTML report is not read.
    zone : str
        IANA name of the zone of the broker's server, often ``Europe/Athens``.
    account : str
        Whose deals they are; a deal does not say.
    strategy : str, optional
        For deals without a magic number: trades by hand, and cash. Otherwise the
        magic number is the strategy.
    contract_size : float or mapping of str to float
        Units in one lot, for all symbols or for each: usually 100,000 of a currency
        pair, 100 of gold.
    quote_currency : mapping of str to str, optional
        Quote currency of symbols that are not quoted in the account's currency, as
        ``{"USDJPY": "JPY"}``; their P&L is then in it.

    Returns
    -------
    ImportResult
        A deal that turns a position round is one fill, which crosses zero. Swap is
        cash of kind ``interest``. Commission and fee are the fill's; of a symbol with
        another quote currency they are cash of kind ``fee``, because they are in the
        account's currency. ``reason`` is MetaTrader's: ``sl``, ``tp``, ``so`` ...,
        and ``close_by`` where two opposite positions closed each other.

    Raises
    ------
    ImportFormatError
        When the source is no such table, or a deal's own profit contradicts the
        contract size.
    InvalidArgumentError
        When account, strategy or a contract size that is needed is missing, or the
        zone is none.

    References
    ----------
    .. [1] MQL5 reference, "Deal properties":
       https://www.mql5.com/en/docs/constants/tradingconstants/dealproperties

    Examples
    --------
    >>> deal = {
    ...     "ticket": 7, "time": 1704200400, "type": 0, "entry": 0, "magic": 42, "volume": 0.1,
    ...     "price": 1.1, "commission": -0.35, "swap": 0.0, "fee": 0.0, "profit": 0.0,
    ...     "symbol": "EURUSD", "position_id": 7,
    ... }
    >>> fill = read_metatrader(
    ...     [deal], zone="Europe/Athens", account="A1", contract_size=100_000
    ... ).fills.to_pylist()[0]
    >>> fill["execution_time"].isoformat(), fill["strategy_id"], fill["commission"]
    ('2024-01-02T11:00:00+00:00', '42', 0.35)
    """
    if account is None:
        raise InvalidArgumentError("account must be given, was None; a deal does not name it")
    require_identifier("account", account)
    require_zone(zone)
    quotes = quote_currency or {}
    table = _deals(source)
    check_profits(table, contract_size, quotes)

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        magic = word(row, "magic")
        fields = {
            "strategy_id": strategy_of(None if magic == "0" else magic, strategy, "MetaTrader"),
            "execution_time": _time(row, zone),
        }
        kind = _whole(row, "type", "side")
        if kind not in _SIDES:
            return _cash(row, kind, fields)
        symbol = required_word(row, "symbol", "symbol")
        fields |= {"symbol": symbol}
        size = contract_size_of(symbol, contract_size)
        fill = {**_fill(row, _SIDES[kind]), "multiplier": size, "currency": quotes.get(symbol)}
        charges = {CashKind.INTEREST: number(row, "swap", "amount") or 0.0}
        if symbol in quotes:
            charges[CashKind.FEE] = -fill.pop("commission")
        return [Draft(Fill, {**fields, **fill}), *_charged(row, fields, charges)]

    constants = {"account_id": account, "source": "metatrader"}
    return read_drafts(table.name, table.rows, draft, constants, table.refused)


def _deals(source: str | Path | pd.DataFrame | Sequence[dict[str, Any]]) -> FrameRows:
    if isinstance(source, pd.DataFrame):
        return frame_rows(source, _COLUMNS, "a table of deals")
    if not isinstance(source, (list, tuple)):
        name = str(source).lower()
        if name.endswith((".htm", ".html", ".xlsx")):
            raise ImportFormatError(
                f"{source}: must be the deals as CSV or JSON; a terminal's report is made for the "
                "eye, in its language: save pandas.DataFrame([d._asdict() for d in "
                "MetaTrader5.history_deals_get(start, end)]) as CSV"
            )
        if not name.endswith((".json", ".json.gz")):
            return frame_rows(str(source), _COLUMNS, "a table of deals")
    rows = json_objects(source, "deals")
    for line, row in rows:
        missing = [column for column in _COLUMNS if column not in row]
        if missing:
            raise ImportFormatError(
                f"deals: deal {line} must have {missing}, had {list(row)}; save _asdict() of it"
            )
    return FrameRows(name="deals", rows=rows)


def _fill(row: dict[str, Any], side: Side) -> dict[str, Any]:
    costs = [number(row, name, "commission") or 0.0 for name in ("commission", "fee")]
    place = number(row, "reason", "reason")
    is_known = place is not None and place.is_integer() and 0 <= place < len(_REASONS)
    reason = _REASONS[int(place)] if is_known and place is not None else None
    is_out_by = _whole(row, "entry", "entry") == _OUT_BY
    return {
        "trade_id": identifier(required_word(row, "ticket", "trade_id")),
        "side": side,
        "price": required(number(row, "price", "price"), "price", "price"),
        "volume": required(number(row, "volume", "volume"), "volume", "volume"),
        "commission": 0.0 - sum(costs),
        "order_id": word(row, "order"),
        "reason": "close_by" if is_out_by else reason,
    }


def _cash(row: dict[str, Any], kind: int, fields: dict[str, Any]) -> list[Draft] | Skip:
    if kind in _CANCELLED:
        return Skip("a cancelled deal: a balance operation gives back what it earned")
    columns = ("profit", "commission", "swap", "fee")
    amount = sum(number(row, name, "amount") or 0.0 for name in columns)
    if amount == 0.0:
        return Skip("moved no cash")
    if kind in _CAPITAL:
        word_for = CashKind.DEPOSIT if amount > 0 else CashKind.WITHDRAWAL
    elif kind in _CASH:
        word_for = _CASH[kind]
    else:
        raise UnreadableCellError(
            "kind",
            f"must be a deal type that says why cash moved, was {kind} (5 is a correction); "
            "record it as a CashRecord of the kind that it corrects",
        )
    return _charged(row, {**fields, "symbol": word(row, "symbol")}, {word_for: amount})


def _charged(
    row: dict[str, Any], fields: dict[str, Any], charges: Mapping[CashKind, float]
) -> list[Draft]:
    ticket = required_word(row, "ticket", "cash_id")
    return [
        Draft(
            CashRecord,
            {**fields, "cash_id": identifier(f"{ticket}-{kind}"), "kind": kind, "amount": amount},
        )
        for kind, amount in charges.items()
        if amount
    ]


def _time(row: dict[str, Any], zone: str) -> datetime:
    for name, unit in (("time_msc", 1e-3), ("time", 1.0)):
        text = word(row, name)
        if text is not None and text.replace(".", "", 1).isdigit():
            counted = from_epoch(float(text), "execution_time", unit)
            return moment(counted.replace(tzinfo=None).isoformat(), "execution_time", zone=zone)
    return clock_time(row, "time", "execution_time", zone)


def _whole(row: dict[str, Any], name: str, field: str) -> int:
    value = required(number(row, name, field), field, name)
    if not value.is_integer():
        raise UnreadableCellError(field, f"must be a whole number, was {value} in {name!r}")
    return int(value)
