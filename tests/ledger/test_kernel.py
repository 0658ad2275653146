"""The compiled loops against their own Python, and the slots of the lots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from perfkit.ledger import kernel, lot_kernel
from perfkit.ledger.books import Books
from perfkit.ledger.cost import LotCost, cost_method
from perfkit.ledger.fill_columns import fill_columns
from perfkit.ledger.state import new_trips
from tests.strategies import fill_tables

METHODS = ["average", "fifo", "lifo", "hifo"]


def run(table, method):
    books, cost = Books(), cost_method(method)
    fills = books.enter(fill_columns(table))
    moves, trips = books.move(fills), new_trips(len(fills.book))
    costs = cost.apply(fills, moves, books.state)
    kernel.follow_trips(fills, moves, costs.realized, books.state, trips)
    arrays = [*moves, *costs, *trips, cost.total(fills, costs, books.state), cost.totals["pnl"]]
    if isinstance(cost, LotCost):
        arrays += cost.matches
    arrays += [books.state[name] for name in books.state.dtype.names]
    return [*arrays, *(cost.state[name] for name in cost.state.dtype.names)]


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(table=fill_tables(max_size=25))
def test_a_compiled_loop_is_its_python(method, table):
    compiled = run(table, method)
    with pytest.MonkeyPatch.context() as patch:
        for module in (kernel, lot_kernel):
            for name, value in list(vars(module).items()):
                if hasattr(value, "py_func"):
                    patch.setattr(module, name, value.py_func)
        plain = run(table, method)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", METHODS[1:])
def test_lots_that_were_closed_are_used_again(fills, method):
    cost, books = LotCost(method), Books()
    for n in range(50):
        table = fills(
            (n, "buy", 2, 10.0), (n, "buy", 2, 11.0), (n, "sell", 3, 11.0), (n, "sell", 1, 9.0)
        )
        entered = books.enter(fill_columns(table))
        cost.apply(entered, books.move(entered), books.state)
    assert cost._lots.open[0] == 0
    assert len(cost._lots.price) == 4


def test_a_compensated_sum_keeps_what_a_plain_one_loses():
    total = low = 0.0
    for term in (1e16, 1.0, 1.0, -1e16):
        total, low = kernel.add(total, low, term)
    assert total + low == 2.0
