"""freqtrade: exported backtests (JSON, or the zip around it) and the trades of its API.

A trade with its orders gives a fill for each order that was filled, one without
gives an entry and an exit. Fees are freqtrade's ratios times the value, as its own
profit counts them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.admission import require_identifier
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.json_rows import JsonSource, load_json, parse_json, source_name
from perfkit.importers.owners import strategy_of
from perfkit.importers.row_cells import (
    from_epoch,
    moment,
    number,
    required,
    required_word,
    word,
)
from perfkit.importers.source_bytes import LARGEST
from perfkit.records import CashKind, CashRecord, Fill, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from perfkit.importers.result import ImportResult

__all__ = ["read_freqtrade"]

_MS = 1e-3
_REASON = 64  # characters of a reason that a fill keeps


def read_freqtrade(
    source: JsonSource,
    *,
    account: str | None = None,
    strategy: str | None = None,
    strategy_from: Literal["strategy", "enter_tag"] = "strategy",
) -> ImportResult:
    """Read freqtrade's backtest result, or the trades of its API.

    Parameters
    ----------
    source : path, dict or list of dict
        A ``backtest-result-*.json``, the ``.zip`` around it, the answer of
        ``/api/v1/trades``, or a list of trades. A result of several strategies
        gives the trades of all.
    account : str
        Whose trades they are; freqtrade does not say.
    strategy : str, optional
        For trades without a tag of their own.
    strategy_from : {"strategy", "enter_tag"}
        What becomes ``strategy_id``.

    Returns
    -------
    ImportResult
        A line is the number of a trade. Amounts contain the leverage already.
        ``stop_price`` is the initial stop, ``reason`` the tag of the entry and the
        reason of the exit. Funding is recorded when a trade is closed, because
        until then it changes.

    Raises
    ------
    ImportFormatError
        When the source is no such file, or unpacks to more than 500 MB.
    InvalidArgumentError
        When the account is missing, or a strategy that is needed.

    Notes
    -----
    ``fee_open`` and ``fee_close`` are ratios. ``fee_open_cost`` is not read:
    freqtrade replaces it by ratio times stake, in quote currency, and leaves
    ``fee_open_currency`` as it was. Only where that is the coin that was bought, and
    the filled amount is there, the fee is taken from the coin, as the venue did.

    References
    ----------
    .. [1] freqtrade, ``persistence/trade_model.py``: ``Order.to_json``,
       ``LocalTrade.recalc_trade_from_orders``, ``calc_close_trade_value`` (positive
       funding fees were gained).

    Examples
    --------
    >>> trade = {
    ...     "pair": "ETH/USDT", "amount": 2.0, "open_rate": 100.0, "close_rate": 110.0,
    ...     "fee_open": 0.001, "fee_close": 0.001, "exit_reason": "roi",
    ...     "open_timestamp": 1515568500000.0, "close_timestamp": 1515568800000.0,
    ... }
    >>> result = {"strategy": {"Trend": {"trades": [trade]}}}
    >>> fills = read_freqtrade(result, account="A1").fills
    >>> fills["side"].to_pylist(), [round(c, 12) for c in fills["commission"].to_pylist()]
    (['buy', 'sell'], [0.2, 0.22])
    """
    if account is None:
        raise InvalidArgumentError("account must be given, was None; freqtrade does not name it")
    require_identifier("account", account)
    if strategy_from not in ("strategy", "enter_tag"):
        raise InvalidArgumentError(
            f"strategy_from must be 'strategy' or 'enter_tag', was {strategy_from!r}"
        )

    def draft(named: tuple[str | None, dict[str, Any]]) -> list[Draft] | Skip:
        name, trade = named
        own = name or word(trade, "strategy")
        tag = own if strategy_from == "strategy" else word(trade, "enter_tag", "buy_tag")
        owner = strategy_of(tag, strategy, "freqtrade")
        fills = [Draft(Fill, {"strategy_id": owner, **f}) for f in _fills(trade)]
        if not fills:
            return Skip("no order of the trade was filled")
        return [*fills, *_funding(trade, owner)]

    constants = {"account_id": account, "source": "freqtrade"}
    rows = enumerate(_trades(source), 1)
    return read_drafts(source_name(source), rows, draft, constants)


def _trades(source: JsonSource) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield the trades with the strategy that the file puts them under."""
    content = _content(source)
    if isinstance(content, dict) and isinstance(content.get("strategy"), dict):
        groups = [
            (name, each.get("trades") if isinstance(each, dict) else None)
            for name, each in content["strategy"].items()
        ]
    else:
        trades = content.get("trades") if isinstance(content, dict) else content
        groups = [(None, trades)]
    for name, trades in groups:
        if not isinstance(trades, (list, tuple)) or not all(isinstance(t, dict) for t in trades):
            raise ImportFormatError(
                f"{source_name(source)}: must be a backtest result with trades or a list of "
                "trades; export the backtest with '--export trades'"
            )
        for trade in trades:
            yield name, trade


def _content(source: JsonSource) -> Any:
    if not isinstance(source, (str, Path)) or Path(source).suffix != ".zip":
        return load_json(source)
    try:
        with zipfile.ZipFile(source) as archive:
            results = _results(archive, str(source))
    except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ImportFormatError(f"{source}: must be an undamaged zip: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"{source}: must hold JSON: {error}; export it again") from error
    if len(results) != 1:
        raise ImportFormatError(
            f"{source}: must hold one backtest result, held {len(results)}; unpack it and "
            "give the file"
        )
    return results[0]


def _results(archive: zipfile.ZipFile, name: str) -> list[Any]:
    members = [info for info in archive.infolist() if info.filename.endswith(".json")]
    size = sum(info.file_size for info in members)
    # a member is never read beyond the size that it states
    if size > LARGEST:
        raise ImportFormatError(
            f"{name}: must unpack to at most {LARGEST} bytes of JSON, states {size}; "
            "unpack it yourself and give the file"
        )
    found = [parse_json(archive.read(info)) for info in members]
    return [f for f in found if isinstance(f, dict) and isinstance(f.get("strategy"), dict)]


def _fills(trade: dict[str, Any]) -> list[dict[str, Any]]:
    orders = trade.get("orders")
    if orders is None:
        return _entry_and_exit(trade)
    if not isinstance(orders, (list, tuple)) or not all(isinstance(o, dict) for o in orders):
        raise UnreadableCellError("orders", "must be a list of orders or null; export it again")
    filled = [o for o in orders if number(o, "order_filled_timestamp", "execution_time")]
    return [_filled(trade, order) for order in filled]


def _entry_and_exit(trade: dict[str, Any]) -> list[dict[str, Any]]:
    volume = required(number(trade, "amount", "volume"), "volume", "amount")
    legs = [("open", True)]
    if _time(trade, "close") is not None:
        legs.append(("close", False))
    return [
        _fill(
            trade,
            is_entry=is_entry,
            time=_time(trade, leg),
            volume=volume,
            price=required(number(trade, f"{leg}_rate", "price"), "price", f"{leg}_rate"),
        )
        for leg, is_entry in legs
    ]


def _filled(trade: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    filled = number(order, "filled", "volume")
    volume = filled if filled else number(order, "amount", "volume")
    is_entry = order.get("ft_is_entry")
    if not isinstance(is_entry, bool):
        raise UnreadableCellError(
            "side", f"must follow from 'ft_is_entry', which was {is_entry!r}; export it again"
        )
    fill = _fill(
        trade,
        is_entry=is_entry,
        time=from_epoch(
            number(order, "order_filled_timestamp", "execution_time"), "execution_time", _MS
        ),
        volume=required(volume, "volume", "amount"),
        price=required(number(order, "safe_price", "price"), "price", "safe_price"),
    )
    order_id = word(order, "order_id")
    if order_id is not None:
        fill["order_id"] = order_id
        fill["trade_id"] = identifier(f"{fill['symbol']}-{order_id}")
    if tag := word(order, "ft_order_tag"):
        fill["reason"] = tag[:_REASON]
    is_from_coin = word(trade, "fee_open_currency") == fill["base_currency"] is not None
    if filled and is_from_coin and fill["side"] == Side.BUY:
        fee = _ratio(trade, "fee_open") * filled
        fill |= {"commission": fee, "fee_currency": fill["base_currency"]}
    return fill


def _fill(
    trade: dict[str, Any], *, is_entry: bool, time: datetime | None, volume: float, price: float
) -> dict[str, Any]:
    pair = required_word(trade, "pair", "symbol")
    base, _, quote = pair.partition("/")
    is_short = bool(trade.get("is_short") or False)
    ratio = _ratio(trade, "fee_open" if is_entry else "fee_close")
    reason = word(
        trade, *(("enter_tag", "buy_tag") if is_entry else ("exit_reason", "sell_reason"))
    )
    stop = number(trade, "initial_stop_loss_abs", "stop_price") if is_entry else None
    return {
        "execution_time": time,
        "symbol": pair,
        "side": Side.BUY if is_entry != is_short else Side.SELL,
        "price": price,
        "volume": volume,
        "commission": ratio * volume * price,
        "currency": quote.partition(":")[0] or None,
        "base_currency": base if quote else None,
        "reason": reason and reason[:_REASON],
        "stop_price": stop or None,
    }


def _ratio(trade: dict[str, Any], name: str) -> float:
    return required(number(trade, name, "commission"), "commission", name)


def _time(trade: dict[str, Any], leg: str) -> datetime | None:
    ticks = number(trade, f"{leg}_timestamp", "execution_time")
    if ticks is not None:
        return from_epoch(ticks, "execution_time", _MS)
    text = word(trade, f"{leg}_date")
    if text is None and leg == "close":
        return None
    # freqtrade's dates are UTC, with an offset or without
    return moment(text, "execution_time", zone="UTC")


def _funding(trade: dict[str, Any], owner: str) -> list[Draft]:
    amount = number(trade, "funding_fees", "amount")
    closed = _time(trade, "close")
    if not amount or closed is None:
        return []
    pair = required_word(trade, "pair", "symbol")
    fields = {
        "strategy_id": owner,
        "execution_time": closed,
        "kind": CashKind.FUNDING,
        "amount": amount,
        "currency": pair.partition("/")[2].partition(":")[0] or None,
        "symbol": pair,
    }
    return [Draft(CashRecord, fields)]
