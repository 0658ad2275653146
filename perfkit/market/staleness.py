"""Staleness: from when on a bar no longer speaks of the market."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from perfkit.market.calendars import Calendars
    from perfkit.market.definition import Definition
    from perfkit.market.known_figures import KnownFigures
    from perfkit.market.symbol_codes import Codes

__all__ = ["is_stale", "stale_after"]

_MICROSECONDS_A_DAY = 86_400_000_000


def stale_after(definition: Definition) -> int:
    """Give how long after its close a bar is stale by its age, in microseconds."""
    return int(definition.stale_days * _MICROSECONDS_A_DAY) + 1


def is_stale(
    known: KnownFigures,
    times: npt.NDArray[np.int64],
    codes: Codes,
    calendars: Calendars,
    definition: Definition,
) -> npt.NDArray[np.bool_]:
    """Tell where the last bar is stale, by its age or by the session that has passed since.

    Where there is no bar the answer has no meaning.

    Parameters
    ----------
    known : KnownFigures
        Of shape (n_times,).
    times : ndarray of shape (n_times,)
        What is asked for, in microseconds since 1970, UTC.
    codes : ndarray of shape (n_times,)
        Codes of the symbols' calendars.
    calendars : Calendars
        Without one, the age alone counts.
    definition : Definition
        With ``stale_days`` and ``stale_minutes``.
    """
    closed = known.close_times
    stale = times - closed >= stale_after(definition)
    if math.isfinite(definition.stale_minutes):
        stale |= calendars.open_minutes(codes, closed, times) > definition.stale_minutes
    return stale
