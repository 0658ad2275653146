"""Position chains: the order of fills of one moment, from the position that each began with.

A venue that reports ``startPosition`` says which fill came before which, also where the
clock does not: a fill begins with the position that the one before it ended with.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Step", "chained", "moves"]

_SAME = 1e-6  # of the largest fill: venues print positions rounded, also where a fee came off


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fill as a step of a position.

    Attributes
    ----------
    start : float
        Signed units before the fill.
    change : float
        Signed units of the fill.
    trade : hashable
        What tells the trade from others; a self-trade's two fills share it.
    """

    start: float
    change: float
    trade: Hashable


def chained(steps: Sequence[Step], before: float | None = None) -> list[int]:
    """Order fills of one moment so that each begins where the one before it ended.

    The two fills of a self-trade stay together, in the order given: venues give both the
    position before them, and after them it is the same.

    Parameters
    ----------
    steps : sequence of Step, shape (n,)
        Fills of one symbol and one moment; where they chain as they stand, that order
        stays.
    before : float, optional
        Position that the fill before these ended with; it says where a circle begins.

    Returns
    -------
    list of int, shape (n,)
        Places in ``steps``; as they stand where no order chains.

    References
    ----------
    .. [1] C. Hierholzer (1873), "Ueber die Möglichkeit, einen Linienzug ohne Wiederholung
       und ohne Unterbrechung zu umfahren", Mathematische Annalen 6: positions are the
       nodes of a graph, fills its edges, and their order is a walk along all of them.

    Examples
    --------
    >>> steps = [Step(start=5, change=-8, trade=1), Step(start=0, change=5, trade=2)]
    >>> chained(steps)
    [1, 0]
    """
    units = moves(steps)
    ends = [
        (steps[unit[0]].start, steps[unit[0]].start + sum(steps[i].change for i in unit))
        for unit in units
    ]
    tolerance = _SAME * max((abs(step.change) for step in steps), default=0.0)
    positions = sorted({place for pair in ends for place in pair} | _given(before))
    number = dict.fromkeys(positions[:1], 0)
    for low, high in pairwise(positions):
        number[high] = number[low] + (high - low > tolerance)
    edges = [(number[start], number[end]) for start, end in ends]
    first = None if before is None else number[before]
    order = _walk(edges, first)
    return [i for place in order for i in units[place]]


def moves(steps: Sequence[Step]) -> list[list[int]]:
    """Put the two fills of each self-trade together, and every other fill alone.

    Returns
    -------
    list of list of int
        Places in ``steps``, in the order of the first of each.
    """
    waiting: dict[Hashable, list[list[int]]] = defaultdict(list)
    found = []
    for place, step in enumerate(steps):
        if others := waiting[step.start, -step.change, step.trade]:
            others.pop(0).append(place)
        else:
            unit = [place]
            found.append(unit)
            waiting[step.start, step.change, step.trade].append(unit)
    return found


def _given(before: float | None) -> set[float]:
    return set() if before is None else {before}


def _walk(edges: list[tuple[int, int]], first: int | None) -> list[int]:
    as_it_stands = list(range(len(edges)))
    walks = [as_it_stands, as_it_stands[::-1], _all_edges(edges, first)]
    walks = [walk for walk in walks if _is_walk(walk, edges)]
    from_first = [walk for walk in walks if edges[walk[0]][0] == first]
    return next(iter(from_first + walks), as_it_stands)


def _is_walk(walk: list[int], edges: list[tuple[int, int]]) -> bool:
    joined = all(edges[a][1] == edges[b][0] for a, b in pairwise(walk))
    return bool(walk) and len(walk) == len(edges) and joined


def _all_edges(edges: list[tuple[int, int]], first: int | None) -> list[int]:
    """Walk along all edges, where that is possible."""
    out: dict[int, deque[int]] = defaultdict(deque)
    surplus: dict[int, int] = defaultdict(int)
    for place, (start, end) in enumerate(edges):
        out[start].append(place)
        surplus[start] += 1
        surplus[end] -= 1
    begin = next((node for node, more in surplus.items() if more > 0), None)
    if begin is None:  # a circle can begin anywhere
        begin = first if first in out else next(iter(out), 0)
    walk, path = [], [(begin, -1)]
    while path:
        node, edge = path[-1]
        if out[node]:
            step = out[node].popleft()
            path.append((edges[step][1], step))
        else:
            path.pop()
            walk.append(edge)
    return walk[-2::-1]  # the last one is the beginning, which is no edge
