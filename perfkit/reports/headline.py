"""The first sentences of a report: what was earned, and whether it may be luck."""

from __future__ import annotations

import html
import math

import pandas as pd

from perfkit.metrics import kurtosis, skewness
from perfkit.reports.passages import Passage

__all__ = ["headline", "sharpe_interval"]

NORMAL_95 = 1.959963984540054  # two-sided quantile of the normal distribution


def headline(
    metrics: pd.DataFrame,
    returns: pd.Series,
    periods: int,
    currency: str,
    paid_out: float = 0.0,
) -> Passage:
    """Say in plain words what was earned, at which risk, and how sure that is.

    Parameters
    ----------
    metrics : DataFrame of shape (1, n_metrics)
        ``net_pnl``, ``total_return``, ``cagr``, ``max_drawdown``, ``sharpe_ratio``,
        ``trade_count`` and ``win_rate`` of the whole, as `History.metrics`
        gives them; of no row when nothing was traded.
    returns : Series of shape (n_days,)
        Its daily returns; NaN where there was no capital.
    periods : int
        Days a year that the Sharpe ratio was annualised with.
    currency : str
        Unit of the money.
    paid_out : float
        Sum of the withdrawals, at least 0: they earn no more, but the return
        compounds as if they did.

    Returns
    -------
    Passage
        Of less than a year nothing is annualised, and luck is not judged.
    """
    if metrics.empty:
        said = ["Nothing has been traded here."]
    else:
        whole, known = metrics.iloc[0], returns.dropna()
        said = [
            _earned(whole, currency),
            _capital(whole, known, periods),
            _payouts(whole, paid_out, currency),
            _luck(whole, known, periods),
        ]
    text = " ".join(html.escape(sentence) for sentence in said if sentence)
    return Passage(f'<p class="lead">{text}</p>')


def sharpe_interval(sharpe: float, n: int, skewness: float, kurtosis: float) -> tuple[float, float]:
    r"""95 % interval of a Sharpe ratio that is not annualised.

    .. math::
        s \pm 1.96 \sqrt{\frac{1 - g_3 s + \frac{g_4 - 1}{4} s^2}{n - 1}}

    Parameters
    ----------
    sharpe : float
        Of one period.
    n : int
        Periods, at least 2.
    skewness : float
        g3 of the returns.
    kurtosis : float
        Excess kurtosis of the returns, g4 - 3.

    Returns
    -------
    tuple of float
        Lower and upper end; NaN when the input is.

    References
    ----------
    .. [1] D. Bailey and M. López de Prado (2012), "The Sharpe Ratio
       Efficient Frontier", *Journal of Risk* 15(2).

    Examples
    --------
    >>> low, high = sharpe_interval(0.0, n=101, skewness=0.0, kurtosis=0.0)
    >>> round(low, 3), round(high, 3)
    (-0.196, 0.196)
    """
    variance = 1.0 - skewness * sharpe + (kurtosis + 2.0) / 4.0 * sharpe**2
    half = NORMAL_95 * math.sqrt(max(variance, 0.0) / (n - 1)) if n > 1 else math.nan
    return sharpe - half, sharpe + half


def _earned(metrics: pd.Series, currency: str) -> str:
    pnl, n, won = (float(metrics[name]) for name in ("net_pnl", "trade_count", "win_rate"))
    gain = f"made {pnl:,.0f}" if pnl >= 0 else f"lost {-pnl:,.0f}"
    trips = "No round trip has been closed yet; the open positions"
    if n > 0:
        trips = f"{n:,.0f} closed round trip{'s' if n > 1 else ''}, of which {won:.0%} won,"
    return f"{trips} {gain} {currency} after all costs, with what is open at its last price."


def _capital(metrics: pd.Series, known: pd.Series, periods: int) -> str:
    growth, depth = float(metrics["total_return"]), float(metrics["max_drawdown"])
    if not (math.isfinite(growth) and math.isfinite(depth)):
        return "No return can be given, because no capital was recorded."
    first, last = (f"{pd.Timestamp(day):%-d %B %Y}" for day in (known.index[0], known.index[-1]))
    if len(known) >= periods:
        growth = float(metrics["cagr"])
    yearly = " a year, time-weighted" if len(known) >= periods else ", in too short a time to judge"
    change = f"returned {growth:.1%}".replace("-", "−")
    return (
        f"From {first} to {last} the capital {change}{yearly}; "
        f"at its worst it stood {depth:.1%} below its highest."
    )


def _payouts(metrics: pd.Series, paid_out: float, currency: str) -> str:
    if not paid_out > 0 or not math.isfinite(float(metrics["total_return"])):
        return ""
    return (
        f"On the way {paid_out:,.0f} {currency} were paid out, so that the money made and the "
        "compounded return differ."
    )


def _luck(metrics: pd.Series, known: pd.Series, periods: int) -> str:
    sharpe = float(metrics["sharpe_ratio"])
    if not math.isfinite(sharpe) or len(known) < periods:
        return ""
    year = math.sqrt(periods)
    shape = skewness(known), kurtosis(known)
    low, high = (year * end for end in sharpe_interval(sharpe / year, len(known), *shape))
    verdict = (
        "chance alone does not explain it, though rules or stocks chosen in hindsight may"
        if low > 0
        else "chance alone does not explain the loss"
        if high < 0
        else "it can't be told from chance"
    )
    return (
        f"The Sharpe ratio is {_two(sharpe)}; with 95% confidence the true one lies between "
        f"{_two(low)} and {_two(high)}, so {verdict}."
    )


def _two(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")
