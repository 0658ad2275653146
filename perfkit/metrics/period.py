"""Period: what one strategy did on one trading day, and the fold of many.

A marked day replaces what was only realised; any range of days is a fold of
them, and a fold is again a period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.path import wealth
from perfkit.metrics.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Period", "fold"]


@dataclass(slots=True, kw_only=True)
class Period:
    """One trading day of one strategy, or a range of them.

    Attributes
    ----------
    day : numpy.datetime64
        The day; the last one of a range.
    realized_pnl : float
        Realised by the fills, net of their commission, in the account
        currency.
    fees : float
        Their commission.
    trades : int
        How many fills.
    round_trips : Tally
        The round trips that closed.
    labels : dict of str to Tally
        The same by label; a trip stands under each of its labels.
    marked_pnl : float
        P&L with open positions at the day's last price; NaN until marked.
    nav : float
        Net asset value at the end; NaN without capital.
    return_ : float
        Simple return; NaN without capital.
    """

    day: np.datetime64
    realized_pnl: float = 0.0
    fees: float = 0.0
    trades: int = 0
    round_trips: Tally = field(default_factory=Tally)
    labels: dict[str, Tally] = field(default_factory=dict)
    marked_pnl: float = math.nan
    nav: float = math.nan
    return_: float = math.nan

    @property
    def pnl(self) -> float:
        """P&L of the day: marked when it is, else what was realised."""
        return self.realized_pnl if math.isnan(self.marked_pnl) else self.marked_pnl


def fold(periods: Sequence[Period]) -> Period:
    """Fold days, the earlier first, into the period that they make up.

    Raises
    ------
    InvalidArgumentError
        When there are none.
    """
    if not periods:
        raise InvalidArgumentError("a fold needs at least one period, had none; widen the range")
    marked = [p for p in periods if not math.isnan(p.marked_pnl)]
    returns = np.array([p.return_ for p in periods])
    returns = returns[~np.isnan(returns)]
    names = dict.fromkeys(name for p in periods for name in p.labels)
    return Period(
        day=periods[-1].day,
        realized_pnl=math.fsum(p.realized_pnl for p in periods),
        fees=math.fsum(p.fees for p in periods),
        trades=sum(p.trades for p in periods),
        round_trips=Tally.concatenated(p.round_trips for p in periods),
        labels={
            name: Tally.concatenated(p.labels[name] for p in periods if name in p.labels)
            for name in names
        },
        marked_pnl=math.fsum(p.pnl for p in periods) if marked else math.nan,
        nav=periods[-1].nav,
        return_=float(wealth(returns)[-1] - 1.0) if returns.size else math.nan,
    )
