"""Metric: one entry of the catalogue, and the reasons why a value is undefined."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["REASONS", "Metric"]

REASONS = MappingProxyType(
    {
        "no_trades": "no round trip has closed",
        "no_wins": "no round trip won",
        "no_losses": "nothing was lost, so there is no loss to divide by",
        "zero_variance": "the values do not move",
        "too_few": "there are fewer observations than the metric needs",
        "insufficient": "the sample is too small to tell skill from luck",
        "no_overlap": "no date is both the returns' and the benchmark's",
        "ruin": "more than everything was lost",
        "no_capital": "there is no capital to measure a return on; record a deposit",
        "unpriced": "a price or an exchange rate was not known; record bars, e.g. of EUR/USD",
        "overflow": "the value is larger than a float can hold",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One entry of the catalogue.

    Attributes
    ----------
    name : str
        The field's word; also the name of the function.
    function : callable
        Measures one column.
    unit : str
        ``fraction``, ``fraction a year``, ``ratio``, ``count``, ``periods``
        or ``account currency``.
    better : str
        ``higher``, ``lower`` or ``neither``.
    formula : str
        In plain text; the function's docstring has it typeset.
    source : str
        Where the definition stands.
    needs : str
        ``returns``, ``trades`` or ``benchmark``: returns beside a benchmark.
    minimum : int
        Observations below which the value is undefined.
    undefined : tuple of str
        Reason codes, in the order of asking, of a value that is not finite
        although there are enough observations; the last is what remains.

    Notes
    -----
    What the function can be told is `options`: its keywords, each with its default.
    """

    name: str
    function: Callable[..., float]
    unit: str
    better: str
    formula: str
    source: str
    needs: str
    minimum: int = 1
    undefined: tuple[str, ...] = ("overflow",)

    @property
    def options(self) -> Mapping[str, Any]:
        """Keywords that the function takes, with their defaults; ``periods`` has none."""
        return _keywords(self.function)


@functools.cache
def _keywords(function: Callable[..., float]) -> Mapping[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return MappingProxyType(
        {
            p.name: None if p.default is p.empty else p.default
            for p in parameters
            if p.kind is p.KEYWORD_ONLY
        }
    )
