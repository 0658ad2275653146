"""How Alpaca names what is traded, on which side, and for which strategy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from perfkit.errors import InvalidArgumentError, UnreadableCellError
from perfkit.importers.row_cells import one_of, word

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StrategyTags", "instrument", "side_of"]

# a share has at most five letters; an unbroken pair, as older rows have it, at least six
_PAIR = re.compile(r"(?P<base>[A-Z0-9]{2,10}?)/?(?P<quote>USDT|USDC|USD|BTC)")
_OCC = re.compile(r"[A-Z0-9]{1,6}\d{6}[CP]\d{8}")  # AAPL230721C00150000
_CONTRACT = 100.0  # shares in an option contract of Alpaca
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SIDES = {
    "buy": "buy",
    "sell": "sell",
    "sell_short": "sell",
    "buy_to_cover": "buy",
    "buy_to_open": "buy",
    "buy_to_close": "buy",
    "sell_to_open": "sell",
    "sell_to_close": "sell",
}


def instrument(row: Mapping[str, Any]) -> dict[str, object]:
    """Give the fields of a fill that say what was traded.

    Raises
    ------
    UnreadableCellError
        When the row names no symbol.

    Examples
    --------
    >>> instrument({"symbol": "ETHUSD"})
    {'symbol': 'ETH/USD', 'base_currency': 'ETH', 'currency': 'USD', 'multiplier': 1.0}
    """
    symbol = word(row, "symbol")
    if symbol is None:
        raise UnreadableCellError("symbol", "must be given, was empty; save the whole answer")
    pair = _PAIR.fullmatch(symbol)
    if pair is not None and ("/" in symbol or len(symbol) > 5 or _is_crypto(row)):
        base, quote = pair["base"], pair["quote"]
        names = {"symbol": f"{base}/{quote}", "base_currency": base, "currency": quote}
        return {**names, "multiplier": 1.0}
    return {
        "symbol": symbol,
        "base_currency": None,
        "currency": word(row, "currency") or "USD",
        "multiplier": _CONTRACT if _OCC.fullmatch(symbol) else 1.0,
    }


def side_of(row: Mapping[str, Any]) -> str:
    """Give the side of a row.

    Raises
    ------
    UnreadableCellError
        When the row has none that is known.
    """
    return one_of(row, "side", "side", _SIDES)


def _is_crypto(row: Mapping[str, Any]) -> bool:
    return (word(row, "asset_class") or "").casefold() == "crypto"


class StrategyTags:
    """The strategy in a client order id.

    Parameters
    ----------
    pattern : str or None
        Regular expression whose first group is the strategy; without one it is
        the whole id. An id that Alpaca drew itself, a UUID, is no tag.

    Raises
    ------
    InvalidArgumentError
        When the pattern is none, or has no group.
    """

    def __init__(self, pattern: str | None) -> None:
        try:
            self._pattern = re.compile(pattern or "(.+)")
        except re.error as error:
            raise InvalidArgumentError(
                f"tag_pattern must be a regular expression, was {pattern!r}: {error}"
            ) from error
        if self._pattern.groups < 1:
            raise InvalidArgumentError(
                f"tag_pattern must have a group that is the strategy, was {pattern!r}; "
                "put it in parentheses, e.g. '([a-z]+)-.*'"
            )

    def of(self, *rows: Mapping[str, Any]) -> str | None:
        """Give the tag of the first row that has one: an order, then the one it is a leg of."""
        for row in rows:
            text = word(row, "client_order_id")
            if text is None or _UUID.fullmatch(text):
                continue
            if (found := self._pattern.match(text)) is not None and found[1]:
                return found[1]
        return None
