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
        ``pre_market``, ``regular``, ``after_hours`` or ``closed``; open and close
        themselves are regular, for that is when their auctions print.
    trend : str, optional
        ``uptrend``, ``downtrend`` or ``range``.
    news_event : bool, optional
        Whether the trade lies in the window of a known event.
    minutes_from_open, minutes_to_close : float, optional
        Within the regular session; None outside it, and where trading never pauses.
    prior_high, prior_low, prior_close : float, optional
        Of the last regular session that was over.
    point_of_control, value_area_low, value_area_high : float, optional
        Price at which most of that session's volume traded, and the range around
        it that holds 70 % of it.
    news_id : str, optional
        The known event nearest in time, when the trade lies in its window.
    news_minutes : float, optional
        From that event to the trade; negative before it.
    calendar : str, optional
        Exchange calendar that session and prior session were read from.
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
        Why a figure of the bars is None: ``no_market_data``, ``stale``,
        ``warming_up``, ``undefined``, ``no_volume``, ``no_profile``.
    session_reason : str, optional
        Why the session is None: ``no_calendar``, ``outside_calendar``.
    news_reason : str, optional
        Why ``news_event`` is None: ``no_events`` were known.
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
    minutes_from_open: Annotated[float, "minutes"] | None = None
    minutes_to_close: Annotated[float, "minutes"] | None = None
    prior_high: Annotated[float, "quote currency"] | None = None
    prior_low: Annotated[float, "quote currency"] | None = None
    prior_close: Annotated[float, "quote currency"] | None = None
    point_of_control: Annotated[float, "quote currency"] | None = None
    value_area_low: Annotated[float, "quote currency"] | None = None
    value_area_high: Annotated[float, "quote currency"] | None = None
    news_id: str | None = None
    news_minutes: Annotated[float, "minutes"] | None = None
    calendar: str | None = None
    context_asof: datetime | None = None
    context_definition: str | None = None
    context_reason: str | None = None
    session_reason: str | None = None
    news_reason: str | None = None


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
