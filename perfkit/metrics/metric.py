"""Metric: one entry of the catalogue, and the reasons why a value is undefined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["REASONS", "Metric"]

REASONS = MappingProxyType(
    {
        "no_trades": "no round trip has closed",
        "no_wins": "no round trip won",
        "no_losses": "nothing was lost, so there is no loss to divide by",
        "zero_variance": "the values do not move",
        "too_few": "there are fewer observations than the metric needs",
        "ruin": "more than everything was lost",
        "no_capital": "there is no capital to measure a return on; record a deposit",
        "no_rate": "an exchange rate was not known; record bars of the pair, such as EUR/USD",
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
    options : tuple of str
        What the function takes of ``periods`` and ``rf``.
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
    options: tuple[str, ...] = ()
