"""What was known when a trade happened: the market, and the account.

Every value is None when it was not known; ``context_reason`` then says why. There
is no default class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

__all__ = ["AccountState", "MarketContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketContext:
    """The market at execution, from bars closed and news published by then.

    Attributes
    ----------
    price_level : str, optional
        ``support``, ``resistance`` or ``neutral``.
    volume_profile : str, optional
        ``high``, ``medium`` or ``low``: volume against its usual.
    volatility_regime : str, optional
        ``high``, ``medium`` or ``low``: rank of the volatility among the
        values before it.
    market_session : str, optional
        ``pre_market``, ``regular``, ``after_hours`` or ``closed``.
    trend : str, optional
        ``uptrend``, ``downtrend`` or ``range``.
    news_event : bool, optional
        Whether the trade lies in the window of a known event.
    close, moving_average, atr, channel_high, channel_low : float, optional
        Last close, its moving average, average true range, and the highest
        and lowest price of the channel before it.
    volatility, volatility_rank, adx, momentum, zscore, relative_volume : float, optional
        The figures that the classes above were read from.
    context_asof : datetime, optional
        Close of the last bar that was used.
    context_definition : str, optional
        Version of these definitions.
    context_reason : str, optional
        Why a value is None: ``no_market_data``, ``warming_up``, ``stale``.
    """

    price_level: str | None = None
    volume_profile: str | None = None
    volatility_regime: str | None = None
    market_session: str | None = None
    trend: str | None = None
    news_event: bool | None = None
    close: Annotated[float, "quote currency"] | None = None
    moving_average: Annotated[float, "quote currency"] | None = None
    atr: Annotated[float, "quote currency"] | None = None
    channel_high: Annotated[float, "quote currency"] | None = None
    channel_low: Annotated[float, "quote currency"] | None = None
    volatility: Annotated[float, "fraction a bar"] | None = None
    volatility_rank: Annotated[float, "fraction"] | None = None
    adx: Annotated[float, "0 to 100"] | None = None
    momentum: Annotated[float, "fraction"] | None = None
    zscore: Annotated[float, "standard deviations"] | None = None
    relative_volume: Annotated[float, "ratio"] | None = None
    context_asof: datetime | None = None
    context_definition: str | None = None
    context_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The account's strategy just before a fill, from our own books.

    Attributes
    ----------
    equity, cash : float, optional
        Capital plus all P&L, and what of it is not in positions; None when
        no deposit was recorded.
    position_before, position_after : float, optional
        Signed units of the traded symbol.
    exposure : float, optional
        Sum of absolute position values at the last known prices.
    leverage : float, optional
        Exposure over equity.
    trades_since_flat : int, optional
        Fills in this symbol since its position was last flat.
    """

    equity: Annotated[float, "account currency"] | None = None
    cash: Annotated[float, "account currency"] | None = None
    position_before: Annotated[float, "units"] | None = None
    position_after: Annotated[float, "units"] | None = None
    exposure: Annotated[float, "account currency"] | None = None
    leverage: Annotated[float, "ratio"] | None = None
    trades_since_flat: int | None = None
