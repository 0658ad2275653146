"""Pairs: names like ``DOGEEUR``, taken apart into what is traded and what it is paid in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["split_pair"]


def split_pair(pair: str, quotes: Iterable[str]) -> tuple[str, str] | None:
    """Take a pair apart at the longest quote currency that it ends with.

    Parameters
    ----------
    pair : str
        Base and quote currency, without anything between.
    quotes : iterable of str
        Quote currencies of the venue.

    Returns
    -------
    (str, str) or None
        Base and quote; None when it ends with none of them.

    Examples
    --------
    >>> split_pair("BTCFDUSD", ("USD", "FDUSD")), split_pair("USDTTRY", ("USDT", "TRY"))
    (('BTC', 'FDUSD'), ('USDT', 'TRY'))
    """
    fitting = [quote for quote in quotes if pair.endswith(quote) and pair != quote]
    if not fitting:
        return None
    quote = max(fitting, key=len)
    return pair.removesuffix(quote), quote
