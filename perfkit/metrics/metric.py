"""Metric: one entry of the catalogue."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["Metric"]


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
        ``fraction``, ``fraction a year``, ``probability``, ``ratio``, ``count``,
        ``periods`` or ``account currency``.
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
        """Keywords that the function takes, with their defaults; None where there is none."""
        return _keywords(self.function)

    @property
    def required(self) -> frozenset[str]:
        """Keywords that the function must be given."""
        return _required(self.function)


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


@functools.cache
def _required(function: Callable[..., float]) -> frozenset[str]:
    parameters = inspect.signature(function).parameters.values()
    return frozenset(
        p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty
    )
