"""Reports: figures, and notebooks run to pages that one can send."""

from __future__ import annotations

from perfkit.reports.curves import (
    benchmark_metrics,
    drawdowns,
    growth,
    monthly_table,
    with_benchmark,
    yearly_table,
)
from perfkit.reports.headline import headline, remark, scope, sharpe_interval
from perfkit.reports.notebook import ReportRun, report_notebook, run_notebook
from perfkit.reports.page import render_page
from perfkit.reports.parameters import typed_parameters
from perfkit.reports.tables import Passage, definitions, metrics_table, undefined

__all__ = [
    "Passage",
    "ReportRun",
    "benchmark_metrics",
    "definitions",
    "drawdowns",
    "growth",
    "headline",
    "metrics_table",
    "monthly_table",
    "remark",
    "render_page",
    "report_notebook",
    "run_notebook",
    "scope",
    "sharpe_interval",
    "typed_parameters",
    "undefined",
    "with_benchmark",
    "yearly_table",
]
