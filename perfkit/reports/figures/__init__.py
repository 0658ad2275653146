"""Figures: finished numbers in, pictures in one house style out."""

from __future__ import annotations

from perfkit.reports.figures.calendar import monthly_returns, yearly_returns
from perfkit.reports.figures.clock import time_bars
from perfkit.reports.figures.equity import equity_curve
from perfkit.reports.figures.groups import group_bars
from perfkit.reports.figures.style import Chart
from perfkit.reports.figures.trips import best_and_worst, pnl_distribution

__all__ = [
    "Chart",
    "best_and_worst",
    "equity_curve",
    "group_bars",
    "monthly_returns",
    "pnl_distribution",
    "time_bars",
    "yearly_returns",
]
