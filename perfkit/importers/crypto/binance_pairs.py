"""Binance's pairs, which it names without anything between their two currencies."""

from __future__ import annotations

from perfkit.errors import UnreadableCellError
from perfkit.importers.crypto.pairs import split_pair

__all__ = ["binance_pair", "pair_of"]

# of a pair of two of them, the one further in front is the quote: BTC/USDT, EUR/USDT, USDT/TRY
_LOCAL = ("TRY", "BRL", "ARS", "ZAR", "UAH", "RUB", "NGN", "IDRT", "BIDR", "BKRW", "BVND")
_MORE_LOCAL = ("PLN", "RON", "CZK", "JPY", "MXN", "COP")
_DOLLARS = ("USDT", "BUSD", "FDUSD", "USDC", "TUSD", "USDP", "PAX", "USDS", "DAI")
_OTHERS = ("EUR", "GBP", "AUD", "BTC", "ETH", "BNB", "XRP", "TRX", "DOGE", "DOT", "SOL")
_QUOTES = (*_LOCAL, *_MORE_LOCAL, *_DOLLARS, *_OTHERS)


def binance_pair(pair: str | None) -> tuple[str, str]:
    """Take a pair of Binance's spot market apart into base and quote.

    Raises
    ------
    UnreadableCellError
        When it ends with none of the venue's quote currencies.

    Examples
    --------
    >>> binance_pair("DOGEEUR")
    ('DOGE', 'EUR')
    """
    found = split_pair(pair or "", _QUOTES)
    if found is None:
        raise UnreadableCellError(
            "currency",
            f"must be one of Binance's quote currencies at the end of the pair, was {pair!r}; "
            f"known are {', '.join(_QUOTES)}: map other files with a table format",
        )
    return found


def pair_of(coins: tuple[str, str]) -> tuple[str, str] | None:
    """Say which of two coins is the base and which the quote of their pair.

    Returns
    -------
    (str, str) or None
        Base and quote; None when neither is a quote currency.

    Examples
    --------
    >>> pair_of(("USDT", "BTC")), pair_of(("USDT", "TRY"))
    (('BTC', 'USDT'), ('USDT', 'TRY'))
    """
    quote = next((name for name in _QUOTES if name in coins), None)
    if quote is None:
        return None
    first, second = coins
    return (first, second) if quote == second else (second, first)
