"""The catalogue: every metric by name, with unit, formula, source and what it needs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.metrics.benchmark_metrics import BENCHMARK_METRICS
from perfkit.metrics.record_metrics import RECORD_METRICS
from perfkit.metrics.return_metrics import RETURN_METRICS
from perfkit.metrics.trade_metrics import TRADE_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEADLINE", "METRICS", "find_metrics"]

METRICS = MappingProxyType(
    {
        entry.name: entry
        for entry in (*RETURN_METRICS, *RECORD_METRICS, *TRADE_METRICS, *BENCHMARK_METRICS)
    }
)

HEADLINE = (
    "total_return",
    "cagr",
    "volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "max_drawdown",
    "calmar_ratio",
    "trade_count",
    "win_rate",
    "profit_factor",
    "expectancy",
    "payoff_ratio",
    "alpha",
    "beta",
    "information_ratio",
)


def find_metrics(metrics: str | Sequence[str]) -> tuple[str, ...]:
    """Name the metrics of a selection.

    Parameters
    ----------
    metrics : str or sequence of str
        ``headline``, ``all``, or names of the catalogue.

    Raises
    ------
    UnknownNameError
        For a name that is not in the catalogue, listing those that are.
    """
    if metrics == "headline":
        return HEADLINE
    if metrics == "all":
        return tuple(METRICS)
    if isinstance(metrics, str):
        raise InvalidArgumentError(
            f"metrics must be 'headline', 'all' or a list of names, was {metrics!r}; "
            f"for one metric give [{metrics!r}]"
        )
    if unknown := [name for name in metrics if name not in METRICS]:
        raise UnknownNameError(
            f"there is no metric {', '.join(map(repr, unknown))}; "
            f"the catalogue has {', '.join(sorted(METRICS))}"
        )
    return tuple(metrics)
