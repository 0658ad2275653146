"""Laws that hold for any history of fills."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.ledger import Ledger, combine_equity, daily_equity, effective_fills, round_trips
from perfkit.records import CashRecord, Fill, Mark, from_table, to_table
from tests.strategies import fill_tables, prices

LAW = settings(max_examples=40, deadline=None)
METHODS = ["average", "fifo", "lifo", "hifo"]
KEY = ["account_id", "strategy_id", "symbol"]
GROUPINGS = [
    ("average", "flat_to_flat"),
    ("average", "flat_to_reduced"),
    ("fifo", "flat_to_reduced"),
    ("fifo", "fill_to_fill"),
    ("lifo", "flat_to_reduced"),
    ("lifo", "fill_to_fill"),
    ("hifo", "flat_to_reduced"),
    ("hifo", "fill_to_fill"),
]
marks = st.fixed_dictionaries(dict.fromkeys(("ES", "BTC-USD", "PWR"), prices))


def near(table, expected):
    """Equal but for rounding, and for what counts as flat: 1e-9 of the value traded."""
    frame = table.to_pandas()
    value = frame["volume"] * frame["multiplier"] * (frame["price"].abs() + 1000.0)
    return pytest.approx(expected, rel=1e-9, abs=4e-9 * value.sum() + 1e-12)


def cash_of(table):
    frame = table.to_pandas()
    sign = np.where(frame["side"] == "buy", -1.0, 1.0)
    amount = sign * frame["price"] * frame["volume"] * frame["multiplier"]
    return math.fsum(amount - frame["commission"])


def with_everything_closed(table, at):
    """The history, and one more fill, without a fee, for each open book."""
    ledger, records = Ledger(), from_table(table, Fill)
    ledger.apply(table)
    held = ledger.positions().query("position != 0")
    for number, book in enumerate(held.to_dict("records")):
        closing = Fill(
            trade_id=f"C{number}",
            **{name: book[name] for name in (*KEY, "multiplier")},
            execution_time=records[-1].execution_time + timedelta(days=1),
            side="sell" if book["position"] > 0 else "buy",
            price=at[book["symbol"]],
            volume=abs(book["position"]),
        )
        records.append(closing)
    return to_table(records, Fill)


@pytest.mark.parametrize("method", METHODS)
@LAW
@given(table=fill_tables(), cuts=st.lists(st.integers(0, 40), max_size=5).map(sorted))
def test_any_split_into_batches_gives_the_same_books(method, table, cuts):
    whole, parts = Ledger(method), Ledger(method)
    expected = whole.apply(table)
    bounds = [0, *(min(c, table.num_rows) for c in cuts), table.num_rows]
    answers = [parts.apply(table.slice(a, b - a)) for a, b in pairwise(bounds)]
    assert pa.concat_tables(answers).equals(expected)
    pd.testing.assert_frame_equal(parts.positions(), whole.positions(), check_exact=True)


@pytest.mark.parametrize("method", METHODS)
@LAW
@given(table=fill_tables(min_size=2), order=st.randoms(use_true_random=False))
def test_rows_out_of_order_change_nothing(method, table, order):
    numbered = table.append_column("sequence", pa.array(range(table.num_rows)))
    rows = list(range(table.num_rows))
    order.shuffle(rows)
    shuffled = Ledger(method).apply(numbered.take(rows))
    assert shuffled.equals(Ledger(method).apply(numbered).take(rows))


@LAW
@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 5), st.integers(-9, 9))))
def test_first_in_first_out_is_a_queue_of_single_units(rows):
    table = to_table(
        [
            Fill(
                trade_id=f"T{n}",
                account_id="a",
                strategy_id="x",
                execution_time=datetime(2024, 1, 1, 0, n // 60, n % 60, tzinfo=UTC),
                symbol="ES",
                side=side,
                price=price,
                volume=volume,
            )
            for n, (side, volume, price) in enumerate(rows)
        ],
        Fill,
    )
    queue, held, realized = deque(), "", []
    for side, volume, price in rows:
        gain = 0.0
        for _ in range(volume):
            if queue and side != held:
                gain += (price - queue.popleft()) * (1 if held == "buy" else -1)
            else:
                queue.append(price)
                held = side
        realized.append(gain)
    answer = Ledger("fifo").apply(table)
    assert answer.column("realized_pnl").to_pylist() == realized
    if queue:
        last = answer.column("average_price")[-1].as_py()
        assert last == pytest.approx(sum(queue) / len(queue), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@LAW
@given(table=fill_tables(), at=marks)
def test_realised_and_unrealised_less_fees_are_cash_and_market_value(method, table, at):
    ledger = Ledger(method)
    ledger.apply(table)
    strategies = ledger.mark(at)
    total = math.fsum(s.total_pnl for s in strategies)
    value = math.fsum(s.market_value for s in strategies)
    assert total == near(table, cash_of(table) + value)


@pytest.mark.parametrize("method", METHODS)
@LAW
@given(table=fill_tables(min_size=1), at=marks)
def test_closing_everything_leaves_realised_as_cash(method, table, at):
    closed = with_everything_closed(table, at)
    answer = Ledger(method).apply(closed)
    assert sum(answer.column("pnl").to_pylist()) == near(closed, cash_of(closed))


@LAW
@given(table=fill_tables(min_size=1), at=marks)
def test_flat_books_do_not_depend_on_the_cost_method(table, at):
    closed = with_everything_closed(table, at)
    books = []
    for method in METHODS:
        ledger = Ledger(method)
        ledger.apply(closed)
        books.append(ledger.positions())
    assert (books[0]["position"] == 0.0).all()
    assert list(books[0]["realized_pnl"]) == near(closed, list(books[1]["realized_pnl"]))
    same = ["position", "fees", "trades"]
    pd.testing.assert_frame_equal(books[0][same], books[1][same], check_exact=True)


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS)
@LAW
@given(table=fill_tables(min_size=1), at=marks)
def test_round_trips_and_what_is_open_sum_to_the_total(method, grouping, table, at):
    ledger = Ledger(method)
    ledger.apply(table)
    total = math.fsum(s.total_pnl for s in ledger.mark(at))
    trips = round_trips(with_everything_closed(table, at), method=method, grouping=grouping)
    assert math.fsum(trips["pnl"]) == near(table, total)


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS[1:])
@LAW
@given(table=fill_tables(min_size=1))
def test_trips_by_exit_realise_what_the_ledger_realised(method, grouping, table):
    answer = Ledger(method).apply(table)
    trips = round_trips(table, method=method, grouping=grouping)
    assert trips["pnl_gross"].sum() == near(table, sum(answer.column("realized_pnl").to_pylist()))


@LAW
@given(table=fill_tables())
def test_flat_to_flat_trips_are_those_the_ledger_saw_closing(table):
    answer = Ledger().apply(table).to_pandas()
    trips = round_trips(table)
    seen = answer["round_trip_pnl"].dropna()
    assert len(trips) == len(seen)
    assert list(trips["pnl"]) == near(table, list(seen))
    exits = table.column("trade_id").to_pandas()[seen.index]
    assert trips["exit_trade_id"].tolist() == exits.tolist()


@pytest.mark.parametrize(("method", "grouping"), GROUPINGS)
@LAW
@given(table=fill_tables())
def test_the_prices_of_a_trip_explain_its_pnl(method, grouping, table):
    trips = round_trips(table, method=method, grouping=grouping)
    names, sizes = (table.column(n).to_pylist() for n in ("symbol", "multiplier"))
    size = trips["symbol"].map(dict(zip(names, sizes, strict=True))).astype(float)
    sign = np.where(trips["direction"] == "long", 1.0, -1.0)
    gain = (trips["exit_price"] - trips["entry_price"]) * trips["volume"] * size * sign
    assert trips["pnl_gross"].tolist() == near(table, gain.tolist())
    assert (trips["volume"] > 0).all()
    assert (trips["holding"] >= pd.Timedelta(0)).all()
    assert trips["exit_time"].is_monotonic_increasing


@pytest.mark.parametrize("method", METHODS)
@LAW
@given(table=fill_tables(), factor=st.floats(1e-3, 1e3))
def test_scaling_prices_scales_pnl(method, table, factor):
    dear = table
    for name in ("price", "commission"):
        scaled = pa.array(table.column(name).to_numpy() * factor)
        dear = dear.set_column(dear.column_names.index(name), dear.schema.field(name), scaled)
    one, other = Ledger(method).apply(table), Ledger(method).apply(dear)
    for name in ("realized_pnl", "pnl", "cumulative_pnl"):
        wanted = one.column(name).to_numpy() * factor
        np.testing.assert_allclose(other.column(name), wanted, rtol=1e-9, atol=1e-6 * factor)


@pytest.mark.parametrize("method", METHODS)
@LAW
@given(table=fill_tables())
def test_the_books_of_a_strategy_are_its_part_of_the_account(method, table):
    answer = Ledger(method).apply(table).to_pandas()
    names = table.select(["account_id", "strategy_id"]).to_pandas()
    for rows in names.groupby(["account_id", "strategy_id"]).indices.values():
        alone = Ledger(method).apply(table.take(rows)).to_pandas()
        part = answer.iloc[rows].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, part, check_exact=True)
        assert part["cumulative_pnl"].iloc[-1] == pytest.approx(math.fsum(part["pnl"]), abs=1e-6)


@LAW
@given(table=fill_tables(min_size=1), at=marks)
def test_the_last_nav_is_capital_plus_the_ledgers_pnl(table, at):
    time = table.column("execution_time").to_pylist()
    last = to_table([Mark(symbol=s, time=time[-1], price=p) for s, p in at.items()], Mark)
    owner = {"account_id": "a", "strategy_id": "x", "execution_time": time[0]}
    capital = CashRecord(cash_id="C", kind="deposit", amount=5000.0, **owner)
    equity = daily_equity(table, last, to_table([capital], CashRecord))
    whole = combine_equity(equity)
    ledger = Ledger()
    ledger.apply(table)
    total = math.fsum(s.total_pnl for s in ledger.mark(at))
    assert whole["nav"].iloc[-1] == near(table, 5000.0 + total)
    assert whole["pnl"].sum() == near(table, total)
    ends = equity.groupby(["account_id", "strategy_id"])["nav"].last()
    assert ends.sum() == near(table, whole["nav"].iloc[-1])
    accounts = combine_equity(equity, ["account_id"])
    assert accounts["trades"].sum() == table.num_rows


@LAW
@given(table=fill_tables(min_size=1), data=st.data())
def test_a_corrected_history_is_the_history_as_it_should_have_been(table, data):
    as_recorded, as_it_was = [], []
    for number, fill in enumerate(from_table(table, Fill)):
        fate = data.draw(st.sampled_from(["kept", "corrected", "corrected twice", "busted"]))
        fields = {field.name: getattr(fill, field.name) for field in dataclasses.fields(Fill)}
        as_recorded.append(fill)
        later = {"record_type": "correct", "original_trade_id": fill.trade_id}
        better = fields | {"price": data.draw(prices), "volume": fill.volume * 2}
        if fate.startswith("corrected"):
            as_it_was.append(Fill(**better))
            if fate == "corrected twice":
                as_recorded.append(
                    Fill(**(fields | later | {"trade_id": f"A{number}", "price": 7.0}))
                )
                later["original_trade_id"] = f"A{number}"
            as_recorded.append(Fill(**(better | later | {"trade_id": f"B{number}"})))
        elif fate == "busted":
            as_recorded.append(
                Fill(**(fields | later | {"trade_id": f"B{number}", "record_type": "bust"}))
            )
        else:
            as_it_was.append(fill)
    assert effective_fills(to_table(as_recorded, Fill)).equals(to_table(as_it_was, Fill))
