"""Reasons: why the value of a metric is not finite, as a code and in words."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from perfkit.metrics.honesty.enough import too_small
from perfkit.metrics.honesty.sharpe_record import sharpe_record
from perfkit.metrics.observations import Floats, aligned, observations
from perfkit.metrics.path import wealth
from perfkit.metrics.regression import slope
from perfkit.metrics.returns import dispersion
from perfkit.metrics.trades import tally_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perfkit.metrics.metric import Metric
    from perfkit.metrics.sample import Sample

__all__ = ["REASONS", "reason_of"]

REASONS = MappingProxyType(
    {
        "no_trades": "no round trip has closed",
        "no_wins": "no round trip won",
        "no_gains": "nothing was gained, so there is no gain to divide by",
        "no_losses": "nothing was lost, so there is no loss to divide by",
        "zero_variance": "the values do not move",
        "too_few": "there are fewer observations than the metric needs",
        "insufficient": "the sample is too small, or hangs on a few large returns: skill can't "
        "be told from luck",
        "no_excess": "the Sharpe ratio is not above 0, so that no length would prove it",
        "zero_beta": "the returns do not move with the benchmark, so beta is 0",
        "zero_tail": "the quantile in the tail is 0, and nothing can be divided by it",
        "no_rises": "the benchmark never rose",
        "no_falls": "the benchmark never fell",
        "no_overlap": "no date is in all columns; a close at 16:00 is not the day's midnight: "
        "where days are meant, series.index = series.index.tz_localize(None).normalize()",
        "ruin": "more than everything was lost; 1 % is written as 0.01",
        "no_capital": "there is no capital to measure a return on; record a deposit",
        "no_returns": "round trips have no returns; ask for a window of days",
        "unpriced": "a price or an exchange rate was not known; record bars, e.g. of EUR/USD",
        "overflow": "the value is larger than a float can hold",
    }
)


def reason_of(entry: Metric, sample: Sample, value: float, count: int) -> str:
    """Say why a value is not finite.

    Parameters
    ----------
    entry : Metric
        The metric; of the codes that it names the first that holds is the reason, and the
        last is what remains.
    sample : Sample
        What it was read from.
    value : float
        NaN or infinite.
    count : int
        Observations that it rests on.

    Returns
    -------
    str
        A code of `REASONS`.
    """
    if entry.needs == "trades" and count == 0:
        return "no_trades"
    if entry.needs != "trades" and count == 0 and observations(sample.returns).size:
        return "no_overlap"
    if count < entry.minimum:
        return "too_few"
    *asked, remaining = entry.undefined
    if math.isinf(value) and remaining == "overflow":
        return "overflow"
    return next((code for code in asked if _CAUSES[code](entry, sample)), remaining)


def _columns(entry: Metric, sample: Sample) -> tuple[Floats, ...]:
    if entry.needs == "benchmark":
        return aligned(sample.returns, sample.benchmark)
    return (observations(sample.returns),)


def _is_insufficient(values: Floats) -> bool:
    return too_small(values.size) or (
        dispersion(values) > 0.0 and math.isnan(sharpe_record(values).sharpe)
    )


def _trades(sample: Sample) -> Any:
    return tally_of(sample.trades)


# a column may be empty here where the metric counted what is missing as 0, hence the initial 0
_CAUSES: Mapping[str, Callable[[Metric, Sample], bool]] = MappingProxyType(
    {
        "insufficient": lambda _, sample: _is_insufficient(observations(sample.returns)),
        "no_wins": lambda _, sample: _trades(sample).wins == 0,
        "no_losses": lambda entry, sample: (
            _trades(sample).losses == 0
            if entry.needs == "trades"
            else bool(observations(sample.returns).min(initial=0.0) >= 0.0)
        ),
        "no_gains": lambda _, sample: bool(observations(sample.returns).max(initial=0.0) <= 0.0),
        "no_rises": lambda entry, sample: bool(_columns(entry, sample)[1].max(initial=0.0) <= 0.0),
        "no_falls": lambda entry, sample: bool(_columns(entry, sample)[1].min(initial=0.0) >= 0.0),
        "ruin": lambda entry, sample: any(
            c.min(initial=0.0) <= -1.0 for c in _columns(entry, sample)
        ),
        "overflow": lambda _, sample: not math.isfinite(wealth(observations(sample.returns))[-1]),
        "zero_variance": lambda entry, sample: any(
            dispersion(column) == 0.0 for column in _columns(entry, sample)
        ),
        "zero_beta": lambda entry, sample: slope(*_columns(entry, sample)) == 0.0,
    }
)
