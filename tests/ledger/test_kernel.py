"""The compiled loops against their own Python, and the slots of the lots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from perfkit.ledger import kernel
from perfkit.ledger.books import Books
from perfkit.ledger.cost import FifoCost, cost_method
from perfkit.ledger.fill_columns import fill_columns
from perfkit.ledger.state import new_trips
from tests.strategies import fill_tables


def run(table, method):
    books, cost = Books(), cost_method(method)
    fills = books.enter(fill_columns(table))
    costs, trips = cost.apply(fills, books.state), new_trips(len(fills.book))
    kernel.follow_trips(fills, costs, books.state, books.strategy_state, trips)
    arrays = [*costs, *trips, books.strategy_state]
    if isinstance(cost, FifoCost):
        arrays += cost.matches
    return [*arrays, *(books.state[name] for name in books.state.dtype.names)]


@pytest.mark.parametrize("method", ["average", "fifo"])
@settings(max_examples=25, deadline=None)
@given(table=fill_tables(max_size=25))
def test_a_compiled_loop_is_its_python(method, table):
    compiled = run(table, method)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in list(vars(kernel).items()):
            if hasattr(value, "py_func"):
                patch.setattr(kernel, name, value.py_func)
        plain = run(table, method)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)


def test_lots_that_were_closed_are_used_again(fills):
    cost, books = FifoCost(), Books()
    for n in range(50):
        table = fills(
            (n, "buy", 2, 10.0), (n, "buy", 2, 11.0), (n, "sell", 3, 11.0), (n, "sell", 1, 9.0)
        )
        cost.apply(books.enter(fill_columns(table)), books.state)
    assert cost._lots.open[0] == 0
    assert len(cost._lots.price) == 4


def test_a_compensated_sum_keeps_what_a_plain_one_loses():
    total = low = 0.0
    for term in (1e16, 1.0, 1.0, -1e16):
        total, low = kernel.add(total, low, term)
    assert total + low == 2.0
