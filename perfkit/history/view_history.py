"""Views of the days of a history: rolling, side by side, as curves, and in doubt.

Each reads the same period rows as `MeasuredHistory.metrics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, cast

import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.history.curves import curves
from perfkit.history.evidence import Doubt, evidence
from perfkit.history.groups import groups, known_returns
from perfkit.history.measured_history import MeasuredHistory, Measuring, parted
from perfkit.history.selection import Selection
from perfkit.metrics import compute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.history.selection import Moment

__all__ = ["ViewHistory"]


class Doubting(Selection, Doubt, total=False):
    """Keywords of `ViewHistory.evidence`."""

    benchmark: str | None
    convert_to: str | None


class ViewHistory(MeasuredHistory):
    """A recorded history, ready for views of its days; see `BookHistory`."""

    def comparison(
        self,
        spans: Mapping[str, tuple[Moment | None, Moment | None]],
        by: str | Sequence[str] = "strategy",
        *,
        metrics: str | Sequence[str] = "headline",
        **how: Unpack[Measuring],
    ) -> pd.DataFrame:
        """Lay periods side by side.

        Parameters
        ----------
        spans : mapping of str to (start, end)
            By name, half-open; None is no bound.
        by, metrics, **how
            As for `metrics`, which is asked for each span.

        Returns
        -------
        DataFrame, one row a group and span
            As `metrics`, with ``span`` as the last level of the index; a group that was not
            there yet has no row. ``.attrs["reasons"]`` is by span, then group.
        """
        if refused := sorted({"start", "end", "rolling"} & how.keys()):
            raise InvalidArgumentError(f"spans say the bounds of a comparison, was given {refused}")
        found: dict[str, pd.DataFrame] = {}
        for name, (start, end) in spans.items():
            bounds = {n: m for n, m in (("start", start), ("end", end)) if m is not None}
            asked: Any = {**how, **bounds}
            found[name] = self.metrics(by, metrics=metrics, **asked)
        parts = [frame.assign(span=name) for name, frame in found.items()]
        table = pd.concat(parts) if parts else pd.DataFrame(columns=["span"])
        table = table.set_index("span", append=True)
        order = {name: place for place, name in enumerate(spans)}
        table = table.sort_index(
            key=lambda level: level.map(order) if level.name == "span" else level,
        )
        table.attrs["reasons"] = {name: frame.attrs["reasons"] for name, frame in found.items()}
        return table

    def curves(
        self,
        by: str | Sequence[str] = "strategy",
        *,
        metrics: str | Sequence[str] = ("sharpe_ratio", "volatility", "max_drawdown"),
        **how: Unpack[Measuring],
    ) -> pd.DataFrame:
        """Give the days as tidy curves.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        metrics : str or sequence of str
            Which are rolled.
        **how
            As for `metrics`; ``rolling="63d"`` adds a column for each of ``metrics``.

        Returns
        -------
        DataFrame, one row a group and day
            Its ``by``, day, nav, pnl, cumulative_pnl, return, wealth, drawdown, volume, trades,
            exposure, net_exposure, leverage and turnover, see `perfkit.history.curves.curves`.
        """
        days = self._days(by, how)
        window = how.get("rolling")
        return curves(days.equity, days.columns, rolling=window, metrics=metrics, **days.terms)

    def limits(
        self,
        by: str | Sequence[str] = "strategy",
        *,
        metrics: str | Sequence[str] = "headline",
        level: float = 0.95,
        **how: Unpack[Measuring],
    ) -> pd.DataFrame:
        """Say within what limits the true value of each metric may lie.

        Parameters
        ----------
        by, metrics, **how
            As for `metrics`.
        level : float
            Confidence, in (0, 1).

        Returns
        -------
        DataFrame, one row a group and metric
            As `perfkit.compute` with a ``level``: value, n, reason, low, high and
            limits_reason. A second or two for each group.
        """
        days = self._days(by, how)
        select, _ = parted(how)
        trips = self.round_trips(convert_to=how.get("convert_to"), **select)
        parts = {}
        for key, own in groups(days.equity, days.columns):
            is_own = (trips[days.columns] == list(key)).all(axis=1)
            parts[key or ("total",)] = compute(
                known_returns(own),
                trips.loc[is_own, "pnl"].to_numpy(),
                metrics=metrics,
                level=level,
                **days.terms,
            )
        names = [*(days.columns or ["group"]), "metric"]
        return pd.concat(parts, names=names) if parts else pd.DataFrame(columns=["value"])

    def evidence(
        self, by: str | Sequence[str] = "strategy", **how: Unpack[Doubting]
    ) -> pd.DataFrame:
        """Say of each strategy whether what it earned is real or luck.

        Parameters
        ----------
        by : str or sequence of str
            ``account``, ``strategy``, both, or ``()`` for the whole desk.
        **how
            ``rf``, ``trials``, ``level`` and ``seed``, see `perfkit.history.evidence.Doubt`;
            ``benchmark``, the symbol that the strategies must beat as a family, by default
            cash; ``convert_to``; and the keywords of `Selection`.

        Returns
        -------
        DataFrame, one row a group
            Days, Sharpe ratio and its limits, probabilistic and deflated Sharpe ratio, minimum
            track record length and verdict; see `perfkit.history.evidence.evidence`. A group
            with P&L that was made without capital, or is not known, is ``insufficient``.
        """
        if unknown := sorted(how.keys() - Doubting.__annotations__.keys()):
            raise InvalidArgumentError(
                f"evidence has the keywords {', '.join(Doubting.__annotations__)}, "
                f"was given {unknown}"
            )
        doubt = {name: value for name, value in how.items() if name in Doubt.__annotations__}
        asked = {name: value for name, value in how.items() if name not in doubt}
        days = self._days(by, cast("Measuring", asked))
        returns = pd.DataFrame(
            {
                " / ".join(key) or "total": known_returns(own)
                for key, own in groups(days.equity, days.columns)
            }
        )
        market = days.terms.get("benchmark", 0.0)
        return evidence(returns, market, periods=days.terms["periods"], **cast("Doubt", doubt))
