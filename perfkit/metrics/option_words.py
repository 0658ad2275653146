"""Option words: what the value of an option means, in a sentence."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEANING", "words_for"]

_BY_FIT = "from a fitted normal distribution"

# option -> value -> what is then so
MEANING: Mapping[str, Mapping[Any, str]] = MappingProxyType(
    {
        "nan": {
            "drop": "a missing return is not counted",
            "zero": "a missing return counts as 0",
            "refuse": "a missing return is an error",
        },
        "undefined": {
            "ieee": "a value that is undefined stays infinite or NaN, as the metric defines it",
            "nan": "a value that is infinite or undefined is written as NaN",
            "inf": "a value that is undefined is written as infinite",
            "zero": "a value that is infinite or undefined is written as 0",
        },
        "annualise": {
            True: "the number is annualised",
            False: "the number is that of one period, not annualised",
            "growth": "the two compound growths of a year are compared",
            "compound": "the mean of a period is compounded to a year",
            "compound_mean": "each mean of a period is compounded to a year",
            "arithmetic": "the mean of a period is multiplied to a year",
            "per_period": "the number is that of one period, not annualised",
            "capm": "it is taken from the mean returns, each compounded to a year",
            "jensen": "it is taken from the compound growth of a year",
        },
        "ddof": {
            0: "a variance divides by n",
            1: "a variance divides by n - 1",
            2: "a variance divides by n - 2",
        },
        "denominator": {
            "all": "the downside is a mean over all periods",
            "below": "the downside is a mean over the periods that fell short only",
            "spread_below": "the downside is the deviation of the shortfalls from their own mean",
        },
        "excess": {
            "geometric": "the excess is the compound growth of the returns above the rate",
            "annualised_rf": "the annual rate is taken from the compound growth of a year",
            "compound_mean": "the annual rate is taken from the mean, compounded to a year",
            "total": "the annual rate is taken from the gain of the whole span",
        },
        "gain": {
            "total": "returns are compounded to a gain",
            "sum": "returns are added to a gain",
        },
        "growth": {
            "compound": "returns are compounded to a year",
            "mean": "the mean return is compounded to a year",
            "arithmetic": "the mean return is multiplied to a year",
            "total": "the gain of the whole span stands for a year's",
        },
        "losses": {
            "runs": "losing runs are squared and summed",
            "drawdowns": "drawdowns are squared and summed",
        },
        "mean": {
            "arithmetic": "the mean excess return is compared with the risk",
            "geometric": "the compound excess return is compared with the risk",
            "compound_mean": "the rate is taken from the mean return compounded to a year",
        },
        "method": {
            "cagr": "annual growth is compared",
            "cumulative_geometric": "compounded returns are compared",
            "arithmetic_sum": "summed returns are compared",
            "historical": "the tail is read from the returns as they were",
            "gaussian": f"the tail is read {_BY_FIT}",
            "cornish_fisher": f"the tail is read {_BY_FIT}, corrected for its shape",
        },
        "moments": {
            "biased": "skewness and kurtosis are not corrected for the size of the sample",
            "unbiased": "skewness and kurtosis are corrected for the size of the sample",
            "unbiased_excess": "an excess kurtosis stands where the raw one belongs",
            "raw": "the kurtosis of a normal distribution is 3",
            "sample": "the moments are a mix of sample and population",
        },
        "numerator": {
            "mean_active": "the mean active return is compared with its risk",
            "geometric_annualised_difference": "two compound growths are compared",
            "compound_mean_difference": "two means, each compounded to a year, are compared",
        },
        "peak": {
            "start": "the start is the first peak, so that a loss right after it is a drawdown",
            "first_close": "the first close is the first peak: a loss before it is no drawdown",
        },
        "rule": {
            "threshold": "the mean is of all returns at or below the quantile",
            "lowest": "the mean is of a fixed number of the lowest returns",
            "weighted": "the mean counts the value at the quantile in part",
        },
        "quantile": {
            "linear": "the quantile lies between two observations",
            "order": "the quantile is an observation",
        },
        "risk": {
            "beta": "the risk is beta",
            "systematic": "the risk is beta times the benchmark's volatility",
        },
        "side": {
            "all": "all periods are counted",
            "up": "only periods in which the benchmark rose are counted",
            "down": "only periods in which the benchmark fell are counted",
            "above_rf": "only periods in which the benchmark beat the rate are counted",
            "below_rf": "only periods in which the benchmark missed the rate are counted",
        },
        "sign": {
            "loss": "a loss is positive",
            "return": "a loss is negative",
        },
        "small_sample": {
            "insufficient": "a small sample has no answer",
            "answer": "a small sample is answered like a large one",
        },
        "unit": {
            "fraction": "it is a fraction",
            "percent": "it is in percent",
        },
        "years": {
            "periods": "years are counted in periods",
            "calendar": "years are counted in calendar days",
        },
        "zero_benchmark": {
            "neither": "a benchmark that rests counts for neither side",
            "down": "a benchmark that rests counts as falling",
            "up": "a benchmark that rests counts as rising",
        },
        "zero_pnl": {
            "counted": "what came out at zero is counted",
            "excluded": "what came out at zero is left out",
        },
    }
)


def words_for(option: str, was: Any, now: Any) -> str:
    """Say what it means that an option is ``now`` and no longer ``was``.

    Examples
    --------
    >>> words_for("nan", "drop", "zero")
    'A missing return counts as 0 (nan=zero, not drop)'
    >>> words_for("periods", 252.0, 365.0)
    'Periods in a year are 365, not 252'
    """
    if option == "periods":
        return f"Periods in a year are {now:g}, not {was:g}"
    if option == "days_in_year":
        return f"A calendar year has {now:g} days, not {was:g}"
    if option == "rf":
        return f"The risk-free rate a year is {now:g}, not {was:g}"
    if option == "rf_per_period":
        return "The risk-free rate is another a period"
    said = MEANING.get(option, {}).get(now)
    if said is None:
        return f"{option} is {now!r}, not {was!r}"
    return f"{said[0].upper()}{said[1:]} ({option}={now}, not {was})"
