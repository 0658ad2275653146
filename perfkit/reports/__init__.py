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
from perfkit.reports.headline import headline, sharpe_interval
from perfkit.reports.notebook import ReportRun, report_notebook, run_notebook
from perfkit.reports.page import html_page, render_page
from perfkit.reports.parameters import typed_parameters
from perfkit.reports.passages import (
    Passage,
    conventions,
    heading,
    remark,
    scope,
    stale_prices,
)
from perfkit.reports.tables import definitions, metrics_table, readings_table, undefined
from perfkit.reports.tear_sheet import tear_sheet

__all__ = [
    "Passage",
    "ReportRun",
    "benchmark_metrics",
    "conventions",
    "definitions",
    "drawdowns",
    "growth",
    "heading",
    "headline",
    "html_page",
    "metrics_table",
    "monthly_table",
    "readings_table",
    "remark",
    "render_page",
    "report_notebook",
    "run_notebook",
    "scope",
    "sharpe_interval",
    "stale_prices",
    "tear_sheet",
    "typed_parameters",
    "undefined",
    "with_benchmark",
    "yearly_table",
]
