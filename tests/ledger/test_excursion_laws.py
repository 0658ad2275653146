"""Excursions against a plain search through every price of every trip."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.ledger import round_trips
from perfkit.records import Bar, Fill, Mark, SplitRecord, to_table
from tests.ledger.conftest import day

LAW = settings(max_examples=20, deadline=None)
GROUPINGS = [
    ("average", "flat_to_flat"),
    ("lifo", "flat_to_flat"),
    ("average", "flat_to_reduced"),
    ("fifo", "flat_to_reduced"),
    ("lifo", "flat_to_reduced"),
    ("hifo", "flat_to_reduced"),
    ("fifo", "fill_to_fill"),
    ("lifo", "fill_to_fill"),
    ("hifo", "fill_to_fill"),
]
COLUMNS = ["mae", "mfe", "end_trade_drawdown", "total_efficiency"]


class Own(NamedTuple):
    """A trip's part of a fill: signed quantity."""

    time: int
    price: float
    quantity: Fraction


# --- the trips, by a plain list of lots -------------------------------------------------------


def trips_of(rows, method, grouping):
    """Each trip as the list of its own fills; rows are (time, signed quantity, price)."""
    lots, legs, trips = [], [], []
    for number, (time, quantity, price) in enumerate(rows):
        held = sum(lot[2] for lot in lots)
        closing = min(abs(held), abs(quantity)) if held * quantity < 0 else 0
        sign = 1 if quantity > 0 else -1
        if closing:
            legs.append(Own(time, price, sign * closing))
            pairs = list(taken(lots, closing, method))
            pairs = [(n, Own(*lot, -sign * part)) for n, lot, part in pairs]
            if grouping == "flat_to_reduced":
                entries = [own for _, own in sorted(pairs, key=lambda pair: pair[0])]
                trips.append([*entries, Own(time, price, sign * closing)])
            elif grouping == "fill_to_fill":
                trips += [[own, Own(time, price, -own.quantity)] for _, own in pairs]
            elif closing == abs(held):
                trips.append(legs)
            if closing == abs(held):
                lots, legs = [], []
        if abs(quantity) > closing:
            opened = sign * (abs(quantity) - closing)
            lots.append([number, (time, price), Fraction(opened)])
            legs.append(Own(time, price, opened))
    return trips


def taken(lots, quantity, method):
    """Take a quantity off the lots; give the number, time and price, and part of each."""
    if method == "average":
        share = quantity / abs(sum(lot[2] for lot in lots))
        for lot in lots:
            part = abs(lot[2]) * share
            lot[2] *= 1 - share
            yield lot[0], lot[1], part
        return
    while quantity > 0:
        lot = chosen(lots, method)
        part = min(quantity, abs(lot[2]))
        quantity -= part
        yield lot[0], lot[1], part
        lot[2] -= part if lot[2] > 0 else -part
        if lot[2] == 0:
            lots.remove(lot)


def chosen(lots, method):
    if method == "hifo":
        return max(lots, key=lambda lot: (lot[1][1] * math.copysign(1, lot[2]), -lot[0]))
    return lots[0] if method == "fifo" else lots[-1]


# --- what each trip stood at ------------------------------------------------------------------


def stood_at(held, price):
    return sum(own.quantity * (price - own.price) for own in held)


def searched(trip, bars):
    """MAE, MFE, end-trade drawdown and total efficiency by looking at every price."""
    entry, leave = trip[0].time, trip[-1].time
    seen, prices, known = [0.0], [own.price for own in trip], False
    seen += [stood_at(trip[:n], trip[n].price) for n in range(1, len(trip) + 1) if n < len(trip)]
    pnl = stood_at(trip[:-1], trip[-1].price)
    previous = None
    for close, high, low, last in bars:
        held = [own for own in trip if own.time < close]
        if entry < close <= leave:
            known = True
            seen.append(stood_at(held, last))
            prices.append(last)
            if previous is not None and previous >= entry:
                prices += [high, low]
                if not any(previous < own.time < close for own in trip):
                    seen += [stood_at(held, high), stood_at(held, low)]
        previous = close
    if not known:
        return [math.nan] * 4
    side = math.copysign(1, trip[0].quantity)
    size = sum(abs(own.quantity) for own in trip if own.quantity * side > 0)
    span = (max(prices) - min(prices)) * size
    return [min(seen), max(seen), max(seen) - pnl, pnl / span if span else math.nan]


# --- what is drawn ----------------------------------------------------------------------------

prices = st.integers(1, 30).map(float)
fill_rows = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([-3, -2, -1, 1, 2, 3]), prices), max_size=14
).map(lambda rows: sorted(rows, key=lambda row: row[0]))
bar_rows = st.dictionaries(
    st.integers(0, 40), st.tuples(prices, prices, prices).map(sorted), max_size=25
).map(lambda found: [(t, c, a, b) for t, (a, b, c) in sorted(found.items())])


def fill(number, time, quantity, price, **more):
    return Fill(
        trade_id=f"T{number}", account_id="main", strategy_id="trend", symbol="SPY",
        execution_time=day(time), side="buy" if quantity > 0 else "sell",
        volume=abs(quantity), price=price, **more,
    )  # fmt: skip


def fill_table(rows, **more):
    records = [fill(n, *row, **more) for n, row in enumerate(rows)]
    return to_table(records, Fill).append_column("sequence", pa.array(range(len(records))))


def bar_table(rows):
    return to_table(
        [Bar(symbol="SPY", close_time=day(t), high=h, low=low, close=c) for t, h, low, c in rows],
        Bar,
    )


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS)
@LAW
@given(rows=fill_rows, bars=bar_rows)
def test_excursions_are_those_that_a_search_finds(method, grouping, rows, bars):
    trips = round_trips(fill_table(rows), method=method, grouping=grouping, prices=bar_table(bars))
    expected = [searched(trip, bars) for trip in trips_of(rows, method, grouping)]
    assert len(trips) == len(expected)
    for found, wanted in zip(trips[COLUMNS].to_numpy().tolist(), expected, strict=True):
        assert found == pytest.approx(wanted, nan_ok=True, abs=1e-9)


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS)
@LAW
@given(rows=fill_rows, bars=bar_rows)
def test_excursions_keep_to_their_bounds(method, grouping, rows, bars):
    trips = round_trips(fill_table(rows), method=method, grouping=grouping, prices=bar_table(bars))
    known = trips[trips["excursion_reason"] != "no_prices"]
    assert (known["mae"] <= known["pnl_gross"].clip(upper=0.0)).all()
    assert (known["mfe"] >= known["pnl_gross"].clip(lower=0.0)).all()
    assert (known["end_trade_drawdown"] >= 0.0).all()
    moved = trips[trips["excursion_reason"].isna()]
    assert moved["entry_efficiency"].between(0.0, 1.0).all()
    assert moved["exit_efficiency"].between(0.0, 1.0).all()
    total = moved["entry_efficiency"] + moved["exit_efficiency"] - 1.0
    assert moved["total_efficiency"].tolist() == pytest.approx(total.tolist(), abs=1e-12)


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS)
@LAW
@given(rows=fill_rows, bars=bar_rows, at=st.integers(0, 40))
def test_a_split_changes_what_is_quoted_and_no_excursion(method, grouping, rows, bars, at):
    def quoted(time, *values):
        return [value / 4.0 if time >= at else value for value in values]

    split = SplitRecord(
        split_id="S", account_id="main", symbol="SPY", ratio=4.0, execution_time=day(at)
    )
    after = [(t, q * (4.0 if t >= at else 1.0), *quoted(t, p)) for t, q, p in rows]
    bars_after = [(t, *quoted(t, *three)) for t, *three in bars]
    common = {"method": method, "grouping": grouping}
    plain = round_trips(fill_table(rows), **common, prices=bar_table(bars))
    other = round_trips(
        fill_table(after),
        **common,
        splits=to_table([split], SplitRecord),
        prices=bar_table(bars_after),
    )
    for name in COLUMNS:
        assert other[name].tolist() == pytest.approx(plain[name].tolist(), nan_ok=True, abs=1e-9)


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS)
@LAW
@given(rows=fill_rows, bars=bar_rows)
def test_an_inverse_contract_is_a_linear_one_of_the_coin(method, grouping, rows, bars):
    # a contract of 1 USD is worth -1 / price of the coin
    worth = [(t, q, -1.0 / p) for t, q, p in rows]
    worth_bars = [(t, *(-1.0 / p for p in three)) for t, *three in bars]
    common = {"method": method, "grouping": grouping}
    coin = {"contract": "inverse", "base_currency": "BTC"}
    inverse = round_trips(fill_table(rows, **coin), **common, prices=bar_table(bars))
    linear = round_trips(fill_table(worth), **common, prices=bar_table(worth_bars))
    for name in COLUMNS:
        wanted = pytest.approx(linear[name].tolist(), nan_ok=True, abs=1e-12)
        assert inverse[name].tolist() == wanted


@LAW
@given(rows=fill_rows, ticks=st.lists(st.tuples(st.integers(0, 40), prices), max_size=25))
def test_ticks_are_bars_of_one_price(rows, ticks):
    once = dict(ticks)
    marks = to_table([Mark(symbol="SPY", time=day(t), price=p) for t, p in once.items()], Mark)
    bars = bar_table([(t, p, p, p) for t, p in once.items()])
    by_mark, by_bar = (round_trips(fill_table(rows), prices=table) for table in (marks, bars))
    assert by_mark.equals(by_bar)
