"""Summary: the specification's model of a strategy's performance, read from its days."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from perfkit.metrics.compounding import compounded, days_in
from perfkit.metrics.last_trips import LastTrips
from perfkit.metrics.readings import Reading, read
from perfkit.metrics.sample import Sample
from perfkit.records import LabelPerformance, SummaryMetrics, TradeSummary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.metrics.owner_days import OwnerDays

__all__ = ["summary_fields", "summary_readings"]

PATH_METRICS = ("total_return", "max_drawdown", "calmar_ratio")
TRADE_METRICS = ("win_rate", "profit_factor", "avg_win", "avg_loss")


def summary_readings(
    rows: OwnerDays | LastTrips, *, period: str, rf: float, periods: Mapping[str, float]
) -> dict[str, Reading]:
    """Read the summary's metrics.

    Parameters
    ----------
    rows : OwnerDays or LastTrips
        May be empty; round trips have no returns, so what is made of returns is undefined.
    period : str
        Which returns the Sharpe ratio is made of; the path's metrics are
        always read from the days, where the drawdown is deepest.
    rf : float
        Risk-free rate a year.
    periods : mapping of str to float
        Periods in a year, by period; a period of so many days has its part of the daily ones.

    Raises
    ------
    InvalidArgumentError
        When the period is none.
    """
    length = days_in(period)
    a_year = periods[period] if period in periods else periods["daily"] / (length or 1)
    daily = rows.returns
    coarse, _ = compounded(daily, rows.dates[: daily.size], period=period)
    days = Sample(returns=daily, trades=rows.trips(), periods=periods["daily"], rf=rf)
    spans = Sample(returns=coarse, periods=a_year, rf=rf)
    found = {name: read(name, days) for name in (*PATH_METRICS, *TRADE_METRICS)}
    found["sharpe_ratio"] = read("sharpe_ratio", spans)
    if isinstance(rows, LastTrips):
        reason = "no_returns"
    elif daily.size and np.isnan(daily).all():
        reason = "no_capital"
    else:
        return found
    of_returns = (*PATH_METRICS, "sharpe_ratio")
    return found | {name: replace(found[name], reason=reason) for name in of_returns}


def summary_fields(
    rows: OwnerDays | LastTrips,
    readings: Mapping[str, Reading],
    span: tuple[np.datetime64 | None, np.datetime64 | None],
) -> dict[str, Any]:
    """Fill the summary's fields from days and readings.

    Parameters
    ----------
    rows : OwnerDays or LastTrips
        May be empty when the span is given.
    readings : mapping of str to Reading
        From `summary_readings`.
    span : tuple of numpy.datetime64 or None
        First and last day that were asked for; None is that of the rows.
    """
    days = list(rows.dates) or [day for day in span if day is not None]
    first, last = (
        own if asked is None else asked
        for own, asked in zip((days[0], days[-1]), span, strict=True)
    )
    values = {name: reading.value for name, reading in readings.items()}
    trips = rows.trips()
    return {
        "start_date": datetime.combine(first.astype(date), time.min, UTC),
        "end_date": datetime.combine(last.astype(date), time.max, UTC),
        "metrics": SummaryMetrics(**{f.name: values[f.name] for f in fields(SummaryMetrics)}),
        "trade_summary": TradeSummary(
            total_trades=trips.n,
            winning_trades=trips.wins,
            losing_trades=trips.losses,
            avg_win=values["avg_win"],
            avg_loss=values["avg_loss"],
        ),
        "label_performance": {
            label: LabelPerformance(trades=t.n, pnl=t.total, win_rate=t.wins / t.n)
            for label, t in sorted(rows.trips_by_label().items())
        },
        "reasons": {n: r.reason for n, r in readings.items() if r.reason is not None},
    }
