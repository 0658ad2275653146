"""The order of fills of one moment, found from the position that each began with."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.importers.crypto.position_chain import Step, chained, moves


def _steps(*starts_and_changes):
    return [
        Step(start=start, change=change, trade=place)
        for place, (start, change) in enumerate(starts_and_changes)
    ]


@st.composite
def _shuffled_walks(draw):
    """A position that moves, some self-trades on the way, and the fills in any order."""
    position = begin = draw(st.integers(-5, 5))
    steps = []
    for trade, (change, crosses_itself) in enumerate(
        draw(st.lists(st.tuples(st.integers(-3, 3).filter(bool), st.booleans()), max_size=12))
    ):
        steps.append(Step(start=position, change=change, trade=trade))
        if crosses_itself:
            steps.append(Step(start=position, change=-change, trade=trade))
        else:
            position += change
    return begin, draw(st.permutations(steps))


@given(_shuffled_walks())
@settings(deadline=None, max_examples=150)
def test_fills_in_any_order_are_brought_into_one_where_each_begins_where_the_last_ended(walk):
    begin, steps = walk
    ordered = [steps[place] for place in chained(steps, float(begin))]
    assert sorted(map(id, ordered)) == sorted(map(id, steps))
    position = begin
    for unit in moves(ordered):
        assert ordered[unit[0]].start == position
        position += sum(ordered[place].change for place in unit)


def test_an_order_that_chains_already_stays():
    assert chained(_steps((0, 5), (5, -5), (0, 5))) == [0, 1, 2]


def test_a_circle_begins_where_the_fill_before_it_ended():
    # 0 -> 7 -> 0 and 7 -> 0 -> 7 are both chains
    assert chained(_steps((0, 7), (7, -7)), before=7) == [1, 0]
    assert chained(_steps((0, 7), (7, -7)), before=0) == [0, 1]


def test_fills_that_do_not_chain_stay_as_they_are():
    # a fill between them is missing: 3 is reached from nowhere
    assert chained(_steps((3, 1), (0, 1))) == [0, 1]


def test_a_position_printed_rounded_is_the_same_position():
    # 0 + 986.52459552 is printed as 986.5246
    assert chained(_steps((986.5246, -986.5), (0.0, 986.52459552))) == [1, 0]


def test_sums_of_decimal_fractions_chain():
    assert 0.1 + 0.2 != 0.3
    assert chained(_steps((0.3, 1.0), (0.1, 0.2))) == [1, 0]


def test_opposite_fills_of_two_trades_are_no_self_trade():
    # 0 -> 10 -> 0 -> -10: two fills begin at 0 and are opposite, yet not one trade
    steps = _steps((0, -10), (0, 10), (10, -10))
    assert moves(steps) == [[0], [1], [2]]
    assert chained(steps, before=0) == [1, 2, 0]


def test_thousands_of_fills_of_one_moment_are_ordered_in_one_walk():
    steps = _steps(*((float(place), 1.0) for place in range(5_000)))
    order = chained([steps[(place * 7) % 5_000] for place in range(5_000)])
    assert [(place * 7) % 5_000 for place in order] == list(range(5_000))


def test_no_fills_have_an_order_too():
    assert chained([]) == []
    assert not list(pairwise(chained(_steps((math.pi, 1.0)))))
