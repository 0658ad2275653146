"""QuantConnect LEAN: the order events of a run, or its closed trades.

Order events are the executions; a closed trade is a round trip with average prices
and gives two fills. Names of fields are read in all three spellings that LEAN wrote:
``fillPrice``, ``FillPrice`` and ``fill-price``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.contract_sizes import ContractSizes, contract_size_of
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.json_rows import JsonSource, child, load_json, source_name
from perfkit.importers.owners import owner_of_all
from perfkit.importers.row_cells import from_epoch, moment, number, one_of, required, word
from perfkit.records import Fill, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from datetime import datetime

    from perfkit.importers.result import ImportResult

__all__ = ["read_lean"]

_NO_CURRENCY = "QCC"  # LEAN's name for an amount without a currency
_DIRECTIONS = {"0": "long", "1": "short", "long": "long", "short": "short"}
_ROUNDING, _TOLERANCE = 0.02, 0.01


def read_lean(
    source: JsonSource,
    *,
    account: str | None = None,
    strategy: str | None = None,
    contract_size: ContractSizes = 1.0,
) -> ImportResult:
    """Read what LEAN writes of a run: order events or closed trades.

    Parameters
    ----------
    source : path, dict or list of dict
        ``<id>-order-events.json`` or its content; or a result file, of which the
        closed trades are read. The order events tell more: each execution and fee.
    account, strategy : str
        Whose trades they are; LEAN does not say.
    contract_size : float or mapping of str to float
        Units in one contract, for all symbols or for each; LEAN's files do not say.

    Returns
    -------
    ImportResult
        Order events that filled nothing are skipped. Half of a closed trade's fees
        goes to its entry, half to its exit. ``reason`` is ``assignment`` for assigned
        options.

    Raises
    ------
    ImportFormatError
        When the source is no such file, or a closed trade's P&L contradicts the
        contract size.
    InvalidArgumentError
        When account, strategy or a contract size that is needed is missing.

    References
    ----------
    .. [1] QuantConnect LEAN, ``Common/Orders/Serialization/SerializedOrderEvent.cs``
       (seconds since 1970, signed quantities), ``Common/Statistics/Trade.cs``
       (``ProfitLoss`` is gross of fees; times are UTC).

    Examples
    --------
    >>> event = {
    ...     "orderId": 1, "orderEventId": 2, "symbolValue": "SPY", "time": 1381152660.0,
    ...     "status": "filled", "fillPrice": 144.78, "fillPriceCurrency": "USD",
    ...     "fillQuantity": 685.0, "orderFeeAmount": 3.43, "orderFeeCurrency": "USD",
    ... }
    >>> fills = read_lean([event], account="A1", strategy="basic").fills
    >>> fills["symbol"].to_pylist(), fills["commission"].to_pylist()
    (['SPY'], [3.43])
    """
    constants = owner_of_all(account, strategy, "lean")

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        cells = {name.replace("-", "").casefold(): value for name, value in row.items()}
        if "entrytime" in cells:
            return [Draft(Fill, fill) for fill in _round_trip(cells, contract_size)]
        if not number(cells, "fillquantity", "volume"):
            return Skip(f"not a fill: status is {word(cells, 'status')!r}")
        return [Draft(Fill, _event(cells, contract_size))]

    return read_drafts(source_name(source), enumerate(_rows(source), 1), draft, constants)


def _rows(source: JsonSource) -> list[dict[str, Any]]:
    rows: Any = load_json(source)
    for name in ("totalperformance", "closedtrades", "orderevents"):
        if isinstance(rows, dict):
            inner = {key.replace("-", "").casefold(): value for key, value in rows.items()}
            rows = inner.get(name, rows)
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise ImportFormatError(
            f"{source_name(source)}: must be LEAN's order events or a result with closed trades; "
            "give <id>-order-events.json"
        )
    return list(rows)


def _event(cells: dict[str, Any], sizes: ContractSizes) -> dict[str, Any]:
    quantity = required(number(cells, "fillquantity", "volume"), "volume", "fillQuantity")
    symbol = _symbol(cells)
    fee, fee_currency = _fee(cells)
    execution = word(cells, "executionid")
    return {
        "trade_id": None if execution is None else identifier(execution),
        "execution_time": _time(cells),
        "symbol": symbol,
        "side": Side.BUY if quantity > 0 else Side.SELL,
        "price": required(number(cells, "fillprice", "price"), "price", "fillPrice"),
        "volume": abs(quantity),
        "commission": fee,
        "order_id": word(cells, "orderid"),
        "fee_currency": fee_currency,
        "currency": word(cells, "fillpricecurrency"),
        "multiplier": contract_size_of(symbol, sizes),
        "reason": "assignment" if cells.get("isassignment") is True else None,
    }


def _time(cells: dict[str, Any]) -> datetime:
    text = word(cells, "utctime")
    if text is not None:
        return moment(text, "execution_time", zone="UTC")
    return from_epoch(number(cells, "time", "execution_time"), "execution_time", 1.0)


def _fee(cells: dict[str, Any]) -> tuple[float | None, str | None]:
    fee = {key.casefold(): cell for key, cell in child(cells, "orderfee").items()}
    inner = {key.casefold(): cell for key, cell in child(fee, "value").items()}
    amount = number(cells, "orderfeeamount", "commission")
    if amount is None:
        amount = number(inner, "amount", "commission")
    currency = word(cells, "orderfeecurrency") or word(inner, "currency")
    return amount, None if currency == _NO_CURRENCY else currency


def _symbol(cells: dict[str, Any]) -> str:
    value = word(cells, "symbolvalue")
    symbol, several = cells.get("symbol"), cells.get("symbols")
    if symbol is None and isinstance(several, list) and len(several) == 1:
        symbol = several[0]
    if value is None and isinstance(symbol, dict):
        value = word({key.casefold(): cell for key, cell in symbol.items()}, "value")
    elif value is None:
        value = word({"symbol": symbol}, "symbol")
    if value is None:
        raise UnreadableCellError("symbol", "must be one symbol; read the order events instead")
    return value


def _round_trip(cells: dict[str, Any], sizes: ContractSizes) -> list[dict[str, Any]]:
    symbol = _symbol(cells)
    size = contract_size_of(symbol, sizes)
    quantity = required(number(cells, "quantity", "volume"), "volume", "Quantity")
    direction = one_of(cells, "direction", "side", _DIRECTIONS)
    sides = (Side.BUY, Side.SELL) if direction == "long" else (Side.SELL, Side.BUY)
    prices = [
        required(number(cells, f"{leg}price", "price"), "price", f"{leg}Price")
        for leg in ("entry", "exit")
    ]
    gross = (prices[1] - prices[0]) * quantity * size * (1 if direction == "long" else -1)
    _require_profit(number(cells, "profitloss", "price"), gross, symbol)
    fees = number(cells, "totalfees", "commission") or 0.0
    return [
        {
            "execution_time": moment(word(cells, f"{leg}time"), "execution_time", zone="UTC"),
            "symbol": symbol,
            "side": side,
            "price": price,
            "volume": quantity,
            "commission": fees / 2,
            "multiplier": size,
        }
        for leg, side, price in zip(("entry", "exit"), sides, prices, strict=True)
    ]


def _require_profit(stated: float | None, gross: float, symbol: str) -> None:
    if stated is not None and abs(stated - gross) > _ROUNDING + _TOLERANCE * abs(stated):
        raise ImportFormatError(
            f"closed trade of {symbol}: ProfitLoss must be that of its prices, {gross:.2f}, was "
            f"{stated}; give contract_size={{{symbol!r}: units in a contract}}, or read the order "
            "events where the symbol is not quoted in the account's currency"
        )
