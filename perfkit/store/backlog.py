"""The backlog: what is acknowledged, durable, and not in the tables yet.

It is what a service shows when it is asked whether it is well: one that grows
older says that nobody flushes, or that the tables refuse. Nothing is lost by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Backlog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in a journal.

    Attributes
    ----------
    rows : int
        How many rows wait.
    groups : int
        How many groups they are in.
    last_group : int
        Number of the newest group; 0 when none waits.
    oldest : datetime, optional
        When the oldest group was journalled, in UTC; None when none waits,
        or an early perfkit wrote it and did not say.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    >>> Backlog(rows=160, groups=2, last_group=7, oldest=noon).age(noon.replace(minute=1))
    60.0
    """

    rows: int = 0
    groups: int = 0
    last_group: int = 0
    oldest: datetime | None = None

    def age(self, now: datetime) -> float:
        """Give for how long the oldest group has waited.

        Parameters
        ----------
        now : datetime
            With a zone.

        Returns
        -------
        float
            Seconds, at least 0 even after a clock was set back; 0 when
            nothing waits, NaN when the oldest group does not say since when.
        """
        if not self.groups:
            return 0.0
        return math.nan if self.oldest is None else max(0.0, (now - self.oldest).total_seconds())
