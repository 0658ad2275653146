"""Profile: a named set of options, by which a metric is what another library calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfkit.metrics.metric import Metric

__all__ = ["Profile"]

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Conventions of one source.

    Attributes
    ----------
    name : str
        What it is asked for by.
    source : str
        Library and version, or document, whose numbers it gives.
    periods : float, optional
        Periods in a year that the source takes where nobody says; None where it asks.
    everywhere : mapping of str to object
        Keywords of every metric that takes them.
    options : mapping of str to mapping
        Keywords by metric; they prevail.
    called : mapping of str to str
        What the source calls a metric.
    deviations : mapping of str to str
        Metrics whose number is not given as the source does, and why.
    trades_are_returns : bool
        Whether the source reads what is asked of trades from the returns.
    """

    name: str
    source: str
    periods: float | None = None
    everywhere: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NONE)
    called: Mapping[str, str] = field(default_factory=lambda: _NONE)
    deviations: Mapping[str, str] = field(default_factory=lambda: _NONE)
    trades_are_returns: bool = False

    def keywords(self, metric: Metric) -> dict[str, Any]:
        """Name what a metric is told, where that is not its default."""
        known = metric.options
        said = {n: v for n, v in self.everywhere.items() if n in known}
        said |= self.options.get(metric.name, {})
        return {name: value for name, value in said.items() if known.get(name) != value}
