"""AttributionAnalyzer: which round trips made the money, and which lost it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.attribution.contribution import contribution_table
from perfkit.attribution.dimensions import ORDERED, Grouping, group_keys, trip_days
from perfkit.errors import InvalidArgumentError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["AttributionAnalyzer"]


class AttributionAnalyzer:
    """Performance of closed round trips by what they have in common.

    Every table has one row a group, with the dimensions first and then

    ==================  =====================================================
    ``n``               trips of the group
    ``pnl``             their net P&L, each trip in full
    ``contribution``    the part of the total that is the group's: a trip is
                        split equally over its labels, so that it sums
    ``share``           contribution over the total P&L; NaN or infinite when
                        that is 0, and of turned sign when it is negative
    ``win_rate``        winners over n
    ``profit_factor``   gross profit over gross loss
    ``expectancy``      mean P&L of a trip
    ``days``            days on which trips of the group closed
    ``mean_low``        bounds of the 95 % interval of the mean, clustered by
    ``mean_high``       day; NaN below 20 days
    ``verdict``         ``earns`` or ``loses`` where the interval leaves 0
                        out, ``unclear`` where not, ``insufficient`` below
                        20 days
    ==================  =====================================================

    Hours, weekdays, months, years and sizes stand in their order, everything
    else with the largest contribution first.

    Parameters
    ----------
    trips : DataFrame
        Closed round trips: ``pnl`` (net, account currency), ``exit_time``
        (with a zone), and of account_id, strategy_id, symbol, direction,
        entry_time, entry_price, volume and labels what is asked for.

    Raises
    ------
    SchemaError
        When ``pnl`` or ``exit_time`` is missing.
    InvalidArgumentError
        When a P&L is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> trips = pd.DataFrame({
    ...     "pnl": [90.0, -30.0, -10.0],
    ...     "exit_time": pd.to_datetime(["2024-03-01", "2024-03-04", "2024-03-04"], utc=True),
    ...     "labels": [["momentum", "breakout"], ["momentum"], []],
    ... })
    >>> AttributionAnalyzer(trips).by_label()[["label", "n", "pnl", "contribution"]]
               label  n   pnl  contribution
    0       breakout  1  90.0          45.0
    1       momentum  2  60.0          15.0
    2  (unlabelled)   1 -10.0         -10.0
    """

    def __init__(self, trips: pd.DataFrame) -> None:
        if missing := [name for name in ("pnl", "exit_time") if name not in trips.columns]:
            raise SchemaError(
                f"round trips must have the columns 'pnl' and 'exit_time'; missing {missing}"
            )
        self._trips = trips
        self._pnl = trips["pnl"].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(self._pnl).all():
            row = int(np.flatnonzero(~np.isfinite(self._pnl))[0])
            raise InvalidArgumentError(
                f"pnl of a closed round trip must be finite, was {self._pnl[row]} in row {row}; "
                "leave open trips out"
            )

    def by(
        self, dimensions: Sequence[str], *, at: str = "exit", zone: str = "UTC", bins: int = 5
    ) -> pd.DataFrame:
        """Group by any dimensions, crossed.

        Parameters
        ----------
        dimensions : sequence of str
            Of ``label``, ``account``, ``strategy``, ``symbol``,
            ``direction``, ``hour``, ``weekday``, ``month``, ``year``, ``size``.
        at : str
            ``exit`` or ``entry``: whose time hours and dates are of.
        zone : str
            IANA time zone of hours and dates.
        bins : int
            How many sizes, each of about the same number of trips.

        Raises
        ------
        UnknownNameError
            For a dimension that does not exist, listing those that do.
        SchemaError
            When the trips lack its column.
        InvalidArgumentError
            When an option lies outside its values.
        """
        names = [dimensions] if isinstance(dimensions, str) else list(dimensions)
        keys, weight = group_keys(self._trips, names, Grouping(at=at, zone=zone, bins=bins))
        table = contribution_table(keys, weight, self._pnl, trip_days(self._trips, zone))
        if ORDERED.issuperset(names):
            return table
        return table.sort_values("contribution", ascending=False, kind="stable", ignore_index=True)

    def by_label(self) -> pd.DataFrame:
        """Group by label; trips without one stand under ``(unlabelled)``."""
        return self.by(["label"])

    def by_strategy(self) -> pd.DataFrame:
        """Group by strategy."""
        return self.by(["strategy"])

    def by_account(self) -> pd.DataFrame:
        """Group by account."""
        return self.by(["account"])

    def by_symbol(self) -> pd.DataFrame:
        """Group by symbol."""
        return self.by(["symbol"])

    def by_direction(self) -> pd.DataFrame:
        """Group into long and short."""
        return self.by(["direction"])

    def by_time(self, unit: str = "hour", *, at: str = "exit", zone: str = "UTC") -> pd.DataFrame:
        """Group by ``hour`` (0 to 23), ``weekday``, ``month`` of the year or ``year``."""
        if unit not in ORDERED - {"size"}:
            raise InvalidArgumentError(
                f"unit must be 'hour', 'weekday', 'month' or 'year', was {unit!r}"
            )
        return self.by([unit], at=at, zone=zone)

    def by_size(self, bins: int = 5) -> pd.DataFrame:
        """Group by entry value (price times volume) into bins of about equal n."""
        return self.by(["size"], bins=bins)
