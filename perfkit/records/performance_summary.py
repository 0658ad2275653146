"""The performance summary, field by field as the specification models it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

__all__ = ["LabelPerformance", "PerformanceSummary", "SummaryMetrics", "TradeSummary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryMetrics:
    """The headline metrics; NaN where undefined, with a reason in the summary.

    Attributes
    ----------
    total_return, max_drawdown : float
        Fractions; a drawdown of 8 % is 0.08.
    sharpe_ratio, calmar_ratio : float
        Annualised.
    win_rate : float
        Winning round trips over all closed ones.
    profit_factor : float
        Gross profit over gross loss of closed round trips.
    """

    total_return: Annotated[float, "fraction"]
    sharpe_ratio: float
    max_drawdown: Annotated[float, "fraction"]
    win_rate: Annotated[float, "fraction"]
    profit_factor: float
    calmar_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeSummary:
    """Counts and averages of closed round trips, net of commission.

    Attributes
    ----------
    total_trades, winning_trades, losing_trades : int
        A trade that made exactly nothing is neither won nor lost.
    avg_win, avg_loss : float
        Mean P&L of the winners and, negative, of the losers; NaN without any.
    """

    total_trades: int
    winning_trades: int
    losing_trades: int
    avg_win: Annotated[float, "account currency"]
    avg_loss: Annotated[float, "account currency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPerformance:
    """Closed round trips that carry one label.

    Attributes
    ----------
    trades : int
        How many.
    pnl : float
        Their net P&L, in full: a trade with two labels stands in both.
    win_rate : float
        Winners over all of them.
    """

    trades: int
    pnl: Annotated[float, "account currency"]
    win_rate: Annotated[float, "fraction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceSummary:
    """One strategy over one span.

    Attributes
    ----------
    account_id, strategy_id : str
        Whose performance it is.
    period : str
        ``daily``, ``weekly`` or ``monthly``.
    start_date, end_date : datetime
        The span, both ends inside it.
    metrics : SummaryMetrics
        The headline figures.
    trade_summary : TradeSummary
        The closed round trips.
    label_performance : mapping of str to LabelPerformance
        The closed round trips by label.
    reasons : mapping of str to str
        For each undefined metric its reason code.
    """

    account_id: str
    strategy_id: str
    period: str
    start_date: datetime
    end_date: datetime
    metrics: SummaryMetrics
    trade_summary: TradeSummary
    label_performance: Mapping[str, LabelPerformance] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
