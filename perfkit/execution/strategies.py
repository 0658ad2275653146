"""Textbook strategies: momentum, mean reversion and breakout, each in two variants.

A strategy is a pure function of the prices so far: the same history gives
the same weights, whatever comes after it. Weights are fractions of the
capital; the long-short variant holds as much short as long (its weights sum
to 0 and their magnitudes to 1), the long-only variant holds at most 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from perfkit.execution.prices_so_far import PricesSoFar

    Floats = npt.NDArray[np.float64]

__all__ = [
    "Breakout",
    "MeanReversion",
    "Momentum",
    "Strategy",
    "Variant",
    "textbook_strategies",
]


class Variant(StrEnum):
    """What a strategy does with what it does not like."""

    LONG_SHORT = "long-short"
    LONG_ONLY = "long-only"


class Strategy(Protocol):
    """Decides at a close what to hold."""

    @property
    def strategy_id(self) -> str:
        """Name of the strategy in orders and fills."""

    def target_weights(self, so_far: PricesSoFar) -> Floats | None:
        """Weights to hold, shape (n_symbols,); None leaves everything as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Momentum:
    """Hold last year's winners, short its losers; decided once a month.

    Winners and losers are the best and worst ``fraction`` of the symbols by
    their return from ``formation`` to ``skip`` trading days ago; the last
    month is left out because it reverts. Equal weights.

    Attributes
    ----------
    variant : Variant
        Winners against losers, or winners only.
    formation, skip : int
        Trading days; 252 and 21 are twelve months and one.
    fraction : float
        Part of the symbols on each side, above 0 and at most 0.5.

    References
    ----------
    .. [1] N. Jegadeesh, S. Titman (1993), "Returns to Buying Winners and
       Selling Losers", Journal of Finance 48 (1), 65-91.
    """

    variant: Variant = Variant.LONG_SHORT
    formation: int = 252
    skip: int = 21
    fraction: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "variant", _variant(self.variant))
        _require(self.formation > self.skip >= 0, "formation > skip >= 0", self)
        _require(0.0 < self.fraction <= 0.5, "0 < fraction <= 0.5", self)

    @property
    def strategy_id(self) -> str:
        """Name of the strategy in orders and fills."""
        return _named("momentum", self.variant)

    def target_weights(self, so_far: PricesSoFar) -> Floats | None:
        """Weights on the first close of a month, None on other days."""
        closes = so_far.closes
        if not so_far.starts_month or len(closes) <= self.formation:
            return None
        growth = closes[-1 - self.skip] / closes[-1 - self.formation]
        order = np.argsort(growth, kind="stable")
        count = max(1, int(self.fraction * len(order)))
        weights = np.zeros(len(order))
        if self.variant is Variant.LONG_ONLY:
            weights[order[-count:]] = 1.0 / count
        else:
            weights[order[-count:]] = 0.5 / count
            weights[order[:count]] = -0.5 / count
        return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanReversion:
    r"""Buy what fell behind the others in a week, sell what ran ahead; decided once a week.

    .. math:: w_i = -(r_i - \bar r) / \sum_j |r_j - \bar r|

    The long-only variant keeps the positive weights and scales them to 1.

    Attributes
    ----------
    variant : Variant
        Losers against winners, or losers only.
    lookback : int
        Trading days of the return that is expected to revert.

    References
    ----------
    .. [1] B. Lehmann (1990), "Fads, Martingales, and Market Efficiency",
       Quarterly Journal of Economics 105 (1), 1-28.
    .. [2] N. Jegadeesh (1990), "Evidence of Predictable Behavior of Security
       Returns", Journal of Finance 45 (3), 881-898.
    """

    variant: Variant = Variant.LONG_SHORT
    lookback: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "variant", _variant(self.variant))
        _require(self.lookback > 0, "lookback > 0", self)

    @property
    def strategy_id(self) -> str:
        """Name of the strategy in orders and fills."""
        return _named("mean-reversion", self.variant)

    def target_weights(self, so_far: PricesSoFar) -> Floats | None:
        """Weights on the first close of a week, None on other days."""
        closes = so_far.closes
        if not so_far.starts_week or len(closes) <= self.lookback:
            return None
        returns = closes[-1] / closes[-1 - self.lookback] - 1.0
        behind = returns.mean() - returns
        if self.variant is Variant.LONG_ONLY:
            behind = np.maximum(behind, 0.0)
        return _scaled(behind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakout:
    """Enter at a new high of a long channel, leave at a new low of a short one; every day.

    A symbol is entered when it closes above its highest close of the
    ``entry`` days before, and left when it closes below the lowest of the
    ``exit`` days before. Each long position weighs one part in ``n_symbols``.
    The long-short variant mirrors the rule for shorts and takes the average
    position off each, so that longs and shorts weigh the same.

    Attributes
    ----------
    variant : Variant
        Relative to the other symbols, or long positions only.
    entry, exit : int
        Trading days of the two channels, ``entry >= exit``.

    References
    ----------
    .. [1] C. Faith (2007), *Way of the Turtle*, McGraw-Hill: System 2, the
       55-day breakout with the 20-day exit, after R. Donchian's channels.
    """

    variant: Variant = Variant.LONG_SHORT
    entry: int = 55
    exit: int = 20

    def __post_init__(self) -> None:
        object.__setattr__(self, "variant", _variant(self.variant))
        _require(self.entry >= self.exit > 0, "entry >= exit > 0", self)

    @property
    def strategy_id(self) -> str:
        """Name of the strategy in orders and fills."""
        return _named("breakout", self.variant)

    def target_weights(self, so_far: PricesSoFar) -> Floats | None:
        """Weights on every close after the first full channel."""
        closes = so_far.closes
        if len(closes) <= self.entry:
            return None
        is_long = _in_trend(closes, self, 1.0)
        if self.variant is Variant.LONG_ONLY:
            return is_long / len(is_long)
        position = is_long.astype(np.float64) - _in_trend(closes, self, -1.0)
        return _scaled(position - position.mean())


def textbook_strategies() -> tuple[Momentum | MeanReversion | Breakout, ...]:
    """The three strategies, each market-neutral and long-only: six in all."""
    return tuple(kind(variant=v) for kind in (Momentum, MeanReversion, Breakout) for v in Variant)


def _variant(word: str) -> Variant:
    """Read a variant from its word."""
    try:
        return Variant(word)
    except ValueError as error:
        raise InvalidArgumentError(
            f"variant must be one of {', '.join(Variant)}, was {word!r}"
        ) from error


def _named(rule: str, variant: Variant) -> str:
    """Name a strategy: the rule's own name is that of its market-neutral form."""
    return rule if variant is Variant.LONG_SHORT else f"{rule}-{variant}"


_BLOCK = 64  # days a scan goes back at a time: about three exits of a 20-day channel


def _require(holds: bool, requirement: str, strategy: object) -> None:
    if not holds:
        raise InvalidArgumentError(f"{strategy!r} must have {requirement}; choose other days")


def _scaled(raw: Floats) -> Floats:
    """Scale magnitudes to a sum of 1; differences of rounding alone are nothing to hold."""
    gross = np.abs(raw).sum()
    return raw / gross if gross > 1e-12 else np.zeros_like(raw)


def _in_trend(closes: Floats, rule: Breakout, sign: float) -> npt.NDArray[np.bool_]:
    """Tell which symbols were entered and not left since; ``sign`` -1 looks at falls.

    The state follows from the newest event of each symbol, so the scan goes
    back in blocks until every symbol has shown one.
    """
    held = np.zeros(closes.shape[1], dtype=bool)
    open_ = np.ones_like(held)
    end = len(closes)
    while end > rule.entry and open_.any():
        start = max(rule.entry, end - _BLOCK)
        block = sign * closes[start - rule.entry : end]
        today = block[rule.entry :]
        entered = today > _highest_before(block, rule.entry)
        left = -today > _highest_before(-block[rule.entry - rule.exit :], rule.exit)
        last_in, last_out = _last_true(entered), _last_true(left)
        held |= open_ & (last_in > last_out)
        open_ &= (last_in < 0) & (last_out < 0)
        end = start
    return held


def _highest_before(values: Floats, window: int) -> Floats:
    """Highest of the ``window`` rows before each row from row ``window`` on."""
    highest = values[:-1]
    width = 1
    while width < window:
        step = min(width, window - width)
        highest = np.maximum(highest[:-step], highest[step:])
        width += step
    return highest


def _last_true(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Row of the last True of each column, -1 where there is none."""
    last = len(mask) - 1 - np.argmax(mask[::-1], axis=0)
    return np.where(mask.any(axis=0), last, -1)
