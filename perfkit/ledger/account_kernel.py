"""The account kernel: what each strategy held and had just before each fill.

One pass over fills in canonical order and over the closes of bars between them. All
that the loop must remember lies in ``owners`` and ``holdings``, so two calls with half
of the fills each are one call with all of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "HOLDING",
    "NOT_TRADED",
    "OWNER",
    "UNSAID",
    "AccountFills",
    "Before",
    "Closes",
    "follow_accounts",
]

UNSAID = -1  # a currency without a name
NOT_TRADED = -2

# One record an account's strategy.
OWNER = np.dtype(
    [
        ("moved", np.float64),  # cash that its fills moved so far
        ("currency", np.int64),  # of its first fill
        ("unknown", np.int64),  # 1 once there was more than one currency to sum over
    ]
)
# One record a symbol that it held; units are those before any split, prices likewise.
HOLDING = np.dtype([("units", np.float64), ("price", np.float64), ("time", np.int64)])


class AccountFills(NamedTuple):
    """Fills in canonical order; units are those held after the fill, times the multiplier."""

    owner: npt.NDArray[np.int64]
    holding: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    units: npt.NDArray[np.float64]
    price: npt.NDArray[np.float64]
    paid: npt.NDArray[np.float64]
    currency: npt.NDArray[np.int64]
    is_inverse: npt.NDArray[np.bool_]


class Closes(NamedTuple):
    """Closes of bars, by the time from which each counts; NaN from when it is too old.

    ``instrument`` is that of each close, ``of_holding`` that of each holding; ``asof`` is
    when the bar closed.
    """

    time: npt.NDArray[np.int64]
    instrument: npt.NDArray[np.int64]
    asof: npt.NDArray[np.int64]
    close: npt.NDArray[np.float64]
    of_holding: npt.NDArray[np.int64]


class Before(NamedTuple):
    """What there was before each fill; NaN where it can't be known."""

    moved: npt.NDArray[np.float64]
    worth: npt.NDArray[np.float64]
    exposure: npt.NDArray[np.float64]


@numba.njit(cache=True)
def follow_accounts(
    fills: AccountFills,
    closes: Closes,
    owners: Any,
    holdings: Any,
    first: Any,
    held: Any,
    known: tuple[Any, Any],
    before: Before,
) -> None:
    """Value what is held before each fill, then take the fill.

    ``held[first[o]:first[o + 1]]`` are the holdings of owner ``o``; ``known`` is room for
    when the last close of each instrument was, and for the close.
    """
    asof, close = known
    event = 0
    for i in range(fills.owner.size):
        while event < closes.time.size and closes.time[event] <= fills.time[i]:
            instrument = closes.instrument[event]
            asof[instrument], close[instrument] = closes.asof[event], closes.close[event]
            event += 1
        number = fills.owner[i]
        owner = owners[number]
        if owner["currency"] == NOT_TRADED:
            owner["currency"] = fills.currency[i]
        if fills.is_inverse[i] or fills.currency[i] != owner["currency"]:
            owner["unknown"] = 1
        worth = exposure = 0.0
        for place in range(first[number], first[number + 1]):
            own = holdings[held[place]]
            if own["units"] == 0.0:
                continue
            value = own["units"] * own["price"]
            instrument = closes.of_holding[held[place]]
            if asof[instrument] > own["time"] and not np.isnan(close[instrument]):
                value = own["units"] * close[instrument]
            worth += value
            exposure += abs(value)
        is_unknown = owner["unknown"] == 1
        before.moved[i] = np.nan if is_unknown else owner["moved"]
        before.worth[i] = np.nan if is_unknown else worth
        before.exposure[i] = np.nan if is_unknown else exposure
        owner["moved"] -= fills.paid[i]
        own = holdings[fills.holding[i]]
        own["units"], own["price"], own["time"] = fills.units[i], fills.price[i], fills.time[i]
