"""Shared fills: one order of several strategies, split into a fill for each.

A desk nets the orders of its strategies and trades the difference. What the market
gave is split among those on its side; what they and the others would have traded
against each other is crossed between them at the same price. Nothing is lost to
rounding: volumes are split in whole steps, of the last binary place of a float or of
a lot.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from fractions import Fraction
from hashlib import blake2b
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.apportionment import in_proportion, largest_remainder, whole_steps
from perfkit.records import Fill, RecordType, Side
from perfkit.records.rules import Identifier

if TYPE_CHECKING:
    from perfkit.ledger.apportionment import Key

__all__ = ["allocate_fill", "cross_fill"]

_LONGEST_ID = 64
_EXACT_BITS = 52  # one less than a float has: room for a sum of parts
_CROSS = ".cross"
_OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def allocate_fill(
    fill: Fill,
    weights: Mapping[str, float],
    *,
    unit: float | None = None,
    original: Fill | None = None,
) -> list[Fill]:
    r"""Split a netted fill among the strategies that wanted it.

    .. math:: q_i = q \, w_i / \sum_j w_j

    Parameters
    ----------
    fill : Fill
        What the market gave; the strategy that it names is replaced.
    weights : mapping of str to float
        Strategy to its share: what it wanted, in units or in any proportion, positive
        on the fill's side and negative on the other. With a fill of 100 bought,
        ``{"a": 150, "b": -50}`` buys 100 for a in the market, and lets b sell 50 to a.
    unit : float, optional
        Size of a lot: every part is a whole number of them, by largest remainder,
        ties by the order of the names. Without it the step is the last binary place.
    original : Fill, optional
        Of a correction, the fill that it corrects, which was split by the same
        weights: needed with a ``unit``, where a part can come or go.

    Returns
    -------
    list of Fill
        First the crosses, buyers before sellers (named ``<trade_id>.cross-<strategy>``),
        then the parts of the market (``<trade_id>-<strategy>``), each by name; an id of
        more than 64 characters ends in 16 digits of its hash. Parts of 0 are left out.
        The signed volumes sum to the volume and the commissions to the commission, to
        the last bit in the order given; with a decimal lot such as 0.1 volumes are
        the floats nearest to whole lots. The commission was paid for what went to the
        market, and is borne by all whom that served: in proportion to the volume of
        each part, crosses included. All else is as in the fill, but a cross has no
        ``liquidity``. Parts of a correction or a bust point at the same parts of the
        original.

    Raises
    ------
    InvalidArgumentError
        When the weights are none, are not finite or do not sum to more than 0, when a
        name can't be a strategy, the volume is no whole number of lots, or the
        original is missing or another.

    References
    ----------
    .. [1] M. Balinski and H. P. Young (2001), *Fair Representation*, 2nd ed.,
       Brookings: the method of largest remainders.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> fill = Fill(trade_id="T1", account_id="main", strategy_id="desk", symbol="SPY",
    ...             execution_time=datetime(2024, 1, 2, tzinfo=UTC), side="buy", price=470.0,
    ...             volume=100.0, commission=1.0)
    >>> for part in allocate_fill(fill, {"a": 150, "b": -50}, unit=1):
    ...     print(part.trade_id, part.side.value, part.volume, part.commission)
    T1.cross-a buy 50.0 0.25
    T1.cross-b sell 50.0 0.25
    T1-a buy 100.0 0.5
    """
    parts = _market_and_crosses(fill, weights, unit)
    if fill.record_type == RecordType.NEW:
        return list(parts.values())
    if original is None:
        if unit is not None and fill.record_type == RecordType.CORRECT:
            raise InvalidArgumentError(
                f"original must be given for the correction {fill.trade_id!r} in lots of {unit}, "
                "was None; give the fill that it corrects: a part can come or go"
            )
        return [_pointing(part, key, fill) for key, part in parts.items()]
    if original.trade_id != fill.original_trade_id:
        raise InvalidArgumentError(
            f"original must be the fill {fill.original_trade_id!r} that {fill.trade_id!r} "
            f"corrects, was {original.trade_id!r}; give that one"
        )
    before = _market_and_crosses(original, weights, unit)
    return [
        *(_pointing(part, key, fill) if key in before else part for key, part in parts.items()),
        *(
            _pointing(part, key, fill, RecordType.BUST)
            for key, part in before.items()
            if key not in parts
        ),
    ]


def cross_fill(
    fill: Fill,
    buyers: Mapping[str, float],
    sellers: Mapping[str, float],
    *,
    unit: float | None = None,
) -> list[Fill]:
    """Book a trade between strategies at one price, of which nothing went to the market.

    Parameters
    ----------
    fill : Fill
        What changed hands: time, symbol, price, volume; its side and its strategy are
        replaced. A commission is what the cross itself cost.
    buyers, sellers : mapping of str to float
        Strategy to its share of the side, in any proportion, at least 0.
    unit : float, optional
        Size of a lot, as in `allocate_fill`.

    Returns
    -------
    list of Fill
        Buyers, then sellers, each by name, as ``<trade_id>-<strategy>``. Either side
        sums to the volume, both together leave the account's position as it was; the
        commission is split in proportion to the volume of each part.

    Raises
    ------
    InvalidArgumentError
        When a side has no strategy with a share above 0, a strategy stands on both, a
        name can't be a strategy, the volume is no whole number of lots, or the fill
        is a correction: bust the parts and cross anew.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> fill = Fill(trade_id="X1", account_id="main", strategy_id="desk", symbol="SPY",
    ...             execution_time=datetime(2024, 1, 2, tzinfo=UTC), side="buy", price=470.0,
    ...             volume=50.0)
    >>> for part in cross_fill(fill, {"a": 1}, {"b": 3, "c": 1}, unit=1):
    ...     print(part.trade_id, part.side.value, part.volume)
    X1-a buy 50.0
    X1-b sell 38.0
    X1-c sell 12.0
    """
    if fill.record_type != RecordType.NEW:
        raise InvalidArgumentError(
            f"a cross must be a new fill, {fill.trade_id!r} was {fill.record_type.value!r}; "
            "bust its parts and cross anew"
        )
    if both := sorted(set(buyers) & set(sellers)):
        raise InvalidArgumentError(
            f"a strategy must buy or sell, {both} stand on both sides; leave out what it "
            "would trade with itself"
        )
    step, steps = whole_steps(fill.volume, unit)
    drafts = [
        _Draft(("", name), side, count * step)
        for side, weights in ((Side.BUY, buyers), (Side.SELL, sellers))
        for name, count in _split(steps, _checked(weights, below_zero=False)).items()
    ]
    return list(_fills(fill, drafts).values())


@dataclasses.dataclass(frozen=True, slots=True)
class _Draft:
    key: tuple[str, str]  # suffix of the id, strategy
    side: Side
    volume: Fraction


def _market_and_crosses(
    fill: Fill, weights: Mapping[str, float], unit: float | None
) -> dict[tuple[str, str], Fill]:
    shares = _checked(weights)
    step, steps = whole_steps(fill.volume, unit)
    wanted = in_proportion(Fraction(steps), shares)
    factor = 1
    if unit is None:
        # crosses may be larger than the fill, and a float has but 53 bits for both
        gross = math.ceil(sum(map(abs, wanted.values())))
        factor = 1 << max(0, gross.bit_length() - _EXACT_BITS)
    coarse, rest = step * factor, steps % factor
    counts = largest_remainder({name: ideal / factor for name, ideal in wanted.items()})
    ours = {name: Fraction(count) for name, count in counts.items() if count > 0}
    market = _split(steps // factor, ours)
    volumes = {name: count * coarse for name, count in market.items()}
    if rest:
        largest = max(sorted(shares), key=lambda name: shares[name])
        volumes[largest] = volumes.get(largest, 0) + rest * step
    other = _OPPOSITE[fill.side]
    crosses = [
        *(_Draft((_CROSS, n), fill.side, (c - market[n]) * coarse) for n, c in ours.items()),
        *(_Draft((_CROSS, n), other, -c * coarse) for n, c in counts.items() if c < 0),
    ]
    crosses.sort(key=lambda draft: (draft.side == Side.SELL, draft.key))
    shares_of_market = [_Draft(("", n), fill.side, volumes[n]) for n in sorted(volumes)]
    return _fills(fill, [*crosses, *shares_of_market])


def _split(steps: int, shares: Mapping[Key, Fraction]) -> dict[Key, int]:
    return largest_remainder(in_proportion(Fraction(steps), shares))


def _fills(fill: Fill, drafts: list[_Draft]) -> dict[tuple[str, str], Fill]:
    drafts = [draft for draft in drafts if draft.volume]
    step, steps = whole_steps(abs(fill.commission), None) if fill.commission else (Fraction(0), 0)
    fees = _split(steps, {draft.key: draft.volume for draft in drafts})
    return {
        draft.key: dataclasses.replace(
            fill,
            trade_id=_part_id(fill.trade_id, draft.key),
            strategy_id=draft.key[1],
            side=draft.side,
            volume=float(draft.volume),
            commission=math.copysign(float(fees[draft.key] * step), fill.commission)
            if fees[draft.key]
            else 0.0,
            liquidity=None if draft.key[0] == _CROSS else fill.liquidity,
            record_type=RecordType.NEW,
            original_trade_id=None,
        )
        for draft in drafts
    }


def _checked(weights: Mapping[str, float], *, below_zero: bool = True) -> dict[str, Fraction]:
    if not isinstance(weights, Mapping):
        raise InvalidArgumentError(
            f"weights must be a mapping such as {{'a': 2, 'b': 1}}, were {weights!r}"
        )
    rule = Identifier()
    for name, weight in cast("Mapping[str, Any]", weights).items():
        if not rule.accepts(name):
            raise InvalidArgumentError(
                f"weights: a strategy must {rule.requirement}, was {name!r}; {rule.remedy}"
            )
        is_finite = isinstance(weight, Real) and bool(
            abs(cast("float", weight)) <= sys.float_info.max
        )
        if not is_finite or (weight < 0 and not below_zero):
            required = "a finite number" if below_zero else "finite and >= 0"
            raise InvalidArgumentError(
                f"weights: {name!r} must be {required}, was {weight!r}; leave out who has no share"
            )
    shares = {name: Fraction(float(weight)) for name, weight in weights.items() if weight}
    if not sum(shares.values()) > 0:
        raise InvalidArgumentError(
            f"weights must sum to more than 0, were {dict(weights)}; who trades on the side of "
            "the fill has a weight above 0, and what nets to nothing is a cross_fill"
        )
    return shares


def _part_id(trade_id: str, key: tuple[str, str]) -> str:
    name = f"{trade_id}{key[0]}-{key[1]}"
    if len(name) <= _LONGEST_ID:
        return name
    digits = blake2b(name.encode(), digest_size=8).hexdigest()
    return f"{name[: _LONGEST_ID - 17]}-{digits}"


def _pointing(
    part: Fill, key: tuple[str, str], fill: Fill, record_type: RecordType | None = None
) -> Fill:
    """Make a part of a correction point at the same part of what it corrects."""
    return dataclasses.replace(
        part,
        trade_id=_part_id(fill.trade_id, key),
        record_type=record_type or fill.record_type,
        original_trade_id=_part_id(str(fill.original_trade_id), key),
    )
