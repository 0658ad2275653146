"""Laws of the books, against an oracle that keeps them by hand in exact fractions."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.ledger import Ledger, daily_equity, effective_fills, round_trips
from perfkit.records import Fill, to_table
from tests.ledger import oracle
from tests.strategies import rich_histories

LAW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
METHODS = ["average", "fifo", "lifo", "hifo"]
GROUPINGS = [
    ("average", "flat_to_flat"),
    ("average", "flat_to_reduced"),
    *((method, group) for method in METHODS[1:] for group in ("fill_to_fill", "flat_to_reduced")),
]
OWNER = ["account_id", "strategy_id"]
BOOK = [*OWNER, "symbol"]
MONEY = ["realized_pnl", "fees", "pnl", "cumulative_pnl", "round_trip_pnl"]
EXACT = {"check_exact": True}


def keys_of(fills):
    """Give the book of each fill."""
    return list(zip(*(fills[name].to_pylist() for name in BOOK), strict=True))


def assert_near(found, expected, tolerance):
    """Equal to a tolerance; None, null and NaN are one."""
    for left, right, allowed in zip(found, expected, tolerance, strict=True):
        if right is None:
            assert left is None or math.isnan(left)
        else:
            assert left == pytest.approx(float(right), rel=1e-9, abs=allowed)


def near_average(average, position, ever):
    """Say how near an average price must come: the less is left of much, the less."""
    if average is None or not position:
        return 1e-7
    return 1e-7 + 1e-13 * abs(float(average)) * float(ever) / abs(float(position))


@LAW
@given(history=rich_histories(), method=st.sampled_from(METHODS))
def test_the_ledger_keeps_the_books_that_the_oracle_keeps(history, method):
    fills, splits, marks = history.intended, history.splits, history.marks
    ledger = Ledger(method, splits=splits, rates=marks)
    answer = ledger.apply(fills)
    rows, books = oracle.keep_books(method, fills, splits, marks)
    allowed = oracle.tolerances(fills, splits, marks)
    rows = [rows[f["account_id"], f["trade_id"]] for f in fills.to_pylist()]
    owners = [
        (*key[:2], oracle.money_of(f), "total")
        for key, f in zip(keys_of(fills), fills.to_pylist(), strict=True)
    ]
    for name in MONEY:
        of = owners if name == "cumulative_pnl" else keys_of(fills)
        assert_near(answer[name].to_pylist(), [row[name] for row in rows], [allowed[k] for k in of])
    for name in ("position", "position_before"):
        for key, found, row in zip(keys_of(fills), answer[name].to_pylist(), rows, strict=True):
            dust = 4e-9 * float(books[key].ever)
            assert found == pytest.approx(float(row[name]), rel=1e-9, abs=dust)
            assert (found == 0.0) == (row[name] == 0)
    for side in ("", "_before"):
        name, position = f"average_price{side}", f"position{side}"
        near = [
            near_average(row[name], row[position], books[key].ever)
            for key, row in zip(keys_of(fills), rows, strict=True)
        ]
        assert_near(answer[name].to_pylist(), [row[name] for row in rows], near)
    for book in ledger.positions().to_dict("records"):
        own = books[tuple(book[name] for name in BOOK)]
        assert (book["position"] == 0.0) == (own.position == 0)
        near = near_average(own.average, own.position, own.ever)
        assert_near([book["average_price"]], [own.average], [near])


@LAW
@given(history=rich_histories(), cuts=st.lists(st.integers(0, 25), max_size=4).map(sorted))
def test_batches_and_methods_together_change_not_a_bit(history, cuts):
    fills = history.intended
    known = {"splits": history.splits, "rates": history.marks}
    whole, parts = Ledger(METHODS, **known), Ledger(METHODS, **known)
    expected = whole.apply(fills)
    bounds = [0, *(min(cut, fills.num_rows) for cut in cuts), fills.num_rows]
    answers = [parts.apply(fills.slice(a, b - a)) for a, b in pairwise(bounds)]
    assert pa.concat_tables(answers).equals(expected)
    for method in METHODS:
        pd.testing.assert_frame_equal(parts.positions(method), whole.positions(method), **EXACT)
        alone = Ledger(method, **known)
        single = alone.apply(fills)
        for name in ("realized_pnl", "pnl", "cumulative_pnl", "average_price"):
            assert single[name].equals(expected[f"{name}_{method}"])
        pd.testing.assert_frame_equal(alone.positions(), whole.positions(method), **EXACT)


@LAW
@given(history=rich_histories())
def test_books_of_what_was_recorded_are_those_of_what_should_have_been(history):
    found = effective_fills(history.recorded).sort_by(
        [("execution_time", "ascending"), ("sequence", "ascending")]
    )
    assert found.equals(history.intended)
    known = {"splits": history.splits, "rates": history.marks}
    recorded, intended = Ledger(METHODS, **known), Ledger(METHODS, **known)
    in_force = effective_fills(history.recorded)
    order = pc.sort_indices(in_force, [("execution_time", "ascending"), ("sequence", "ascending")])
    assert recorded.apply(in_force).take(order).equals(intended.apply(history.intended))
    trips = [round_trips(fills, **known) for fills in (history.recorded, history.intended)]
    pd.testing.assert_frame_equal(*trips, **EXACT)
    days = [
        daily_equity(fills, history.marks, history.cash, splits=history.splits, convert_to="USD")
        for fills in (history.recorded, history.intended)
    ]
    pd.testing.assert_frame_equal(*days, **EXACT)


def cash_by_book(fills, rates):
    """Cash that each book's fills moved, signed, in money of its P&L; by hand."""
    found = {}
    for fill in fills.to_pylist():
        price, size = fill["price"], fill["volume"] * fill["multiplier"]
        size *= 1.0 if fill["side"] == "buy" else -1.0
        is_inverse = fill["contract"] == "inverse"
        # of the asset that a fee takes, no cash moves
        is_asset = fill["fee_currency"] == fill["base_currency"] != None and not is_inverse  # noqa: E711
        fee = 0.0 if is_asset else float(oracle.charged(fill, rates)[1])
        key = tuple(fill[name] for name in BOOK)
        found.setdefault(key, []).append((size / price if is_inverse else -size * price) - fee)
    return {key: math.fsum(amounts) for key, amounts in found.items()}


def without_fees_that_take_all(fills):
    """Leave fills without a quantity out: what they cost is the fee of no position."""
    is_all = pc.and_(
        pc.equal(fills["fee_currency"], fills["base_currency"]),
        pc.equal(fills["commission"], fills["volume"]),
    )
    return fills.filter(pc.invert(pc.fill_null(is_all, False)))


def with_everything_closed(fills, ledger):
    """The fills, and one more without a fee for each book that is open in the end."""
    closing = []
    firsts = {tuple(fill[n] for n in BOOK): fill for fill in fills.to_pylist()}
    for number, book in enumerate(ledger.positions().query("position != 0").to_dict("records")):
        first = firsts[tuple(book[name] for name in BOOK)]
        terms = {
            n: first[n] for n in (*BOOK, "currency", "base_currency", "contract", "multiplier")
        }
        closing.append(
            Fill(
                trade_id=f"Z{number}",
                execution_time=datetime(2024, 1, 9, tzinfo=UTC),
                side="sell" if book["position"] > 0 else "buy",
                price=120.0,
                volume=abs(book["position"]),
                **terms,
            )
        )
    numbered = to_table(closing, Fill).append_column(
        "sequence", pa.array(range(10_000, 10_000 + len(closing)), pa.int64())
    )
    return pa.concat_tables([fills, numbered])


@LAW
@given(history=rich_histories(min_size=1), method=st.sampled_from(METHODS))
def test_realised_and_unrealised_less_fees_are_cash_and_value(history, method):
    fills = history.intended
    ledger = Ledger(method, splits=history.splits, rates=history.marks)
    ledger.apply(fills)
    cash = cash_by_book(fills, oracle.Rates(history.marks.to_pylist()))
    allowed = oracle.tolerances(fills, history.splits, history.marks)
    for book in ledger.positions().to_dict("records"):
        key, average, units = tuple(book[n] for n in BOOK), book["average_price"], book["position"]
        # at the price 120; an inverse contract owes 1 / price, so that a short one is worth it
        cost, value = (
            (-1 / p if book["inverse"] else p) * units * book["multiplier"] if units else 0.0
            for p in (average, 120.0)
        )
        gained = book["realized_pnl"] - book["fees"] + value - cost
        assert gained == pytest.approx(cash[key] + value, rel=1e-9, abs=allowed[key])


@LAW
@given(history=rich_histories(min_size=1), method=st.sampled_from(METHODS))
def test_closing_everything_leaves_the_cash(history, method):
    known = {"splits": history.splits, "rates": history.marks}
    first = Ledger(method, **known)
    first.apply(history.intended)
    fills = with_everything_closed(history.intended, first)
    ledger = Ledger(method, **known)
    ledger.apply(fills)
    books = ledger.positions()
    assert (books["position"] == 0.0).all()
    cash = cash_by_book(fills, oracle.Rates(history.marks.to_pylist()))
    allowed = oracle.tolerances(fills, history.splits, history.marks)
    for book in books.to_dict("records"):
        key = tuple(book[n] for n in BOOK)
        gained = book["realized_pnl"] - book["fees"]
        assert gained == pytest.approx(cash[key], rel=1e-9, abs=allowed[key])


@LAW
@given(history=rich_histories(min_size=1), which=st.sampled_from(GROUPINGS))
def test_trips_and_what_is_open_are_the_ledgers_totals(history, which):
    method, grouping = which
    known = {"splits": history.splits, "rates": history.marks}
    first, given = Ledger(method, **known), without_fees_that_take_all(history.intended)
    first.apply(given)
    fills = with_everything_closed(given, first)
    closed = Ledger(method, **known)
    closed.apply(fills)
    books = closed.positions().set_index(BOOK)
    trips = round_trips(fills, method=method, grouping=grouping, **known)
    sums = trips.groupby(BOOK)[["pnl_gross", "fees", "pnl"]].sum().reindex(books.index).fillna(0.0)
    allowed = oracle.tolerances(fills, history.splits, history.marks)
    for key in books.index:
        near = {"rel": 1e-9, "abs": allowed[key]}
        assert sums.loc[key, "pnl_gross"] == pytest.approx(books.loc[key, "realized_pnl"], **near)
        assert sums.loc[key, "fees"] == pytest.approx(books.loc[key, "fees"], **near)
    # only what was realised is in trips of the history as it stands, unless they are flat to flat
    if grouping != "flat_to_flat":
        earlier = round_trips(given, method=method, grouping=grouping, **known)
        gross = earlier.groupby(BOOK)["pnl_gross"].sum()
        for book in first.positions().to_dict("records"):
            key = tuple(book[name] for name in BOOK)
            near = pytest.approx(book["realized_pnl"], rel=1e-9, abs=allowed[key])
            assert gross.get(key, 0.0) == near


@LAW
@given(history=rich_histories(min_size=2), which=st.sampled_from(GROUPINGS))
def test_prices_and_volume_of_a_trip_explain_its_gross_pnl(history, which):
    method, grouping = which
    fills = history.intended
    trips = round_trips(
        fills, method=method, grouping=grouping, splits=history.splits, rates=history.marks
    )
    inverse = (trips["symbol"] == "XBTUSD").to_numpy()
    with np.errstate(divide="ignore"):
        entry, out = (
            np.where(inverse, -1 / trips[name], trips[name])
            for name in ("entry_price", "exit_price")
        )
    sign = np.where(trips["direction"] == "long", 1.0, -1.0)
    gain = sign * (out - entry) * trips["volume"] * trips["multiplier"]
    allowed = oracle.tolerances(fills, history.splits, history.marks)
    for key, found, expected in zip(
        trips[BOOK].itertuples(index=False, name=None), trips["pnl_gross"], gain, strict=True
    ):
        assert found == pytest.approx(expected, rel=1e-9, abs=allowed[key])
    assert trips["pnl"].tolist() == (trips["pnl_gross"] - trips["fees"]).tolist()
    assert (trips["max_volume"] > 0).all()
    assert trips["exit_time"].is_monotonic_increasing
