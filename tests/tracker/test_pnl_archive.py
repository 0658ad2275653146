"""Closed days follow from the facts: archived twice is once, learned late is as if known."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import TradingClock, daily_equity
from perfkit.records import Bar, CashRecord, Fill, Mark, SplitRecord, arrow_schema
from perfkit.store import TradeStore
from perfkit.store.pnl_log import PnlLog
from perfkit.tracker import TradeTracker
from perfkit.tracker.daily_pnl import PricedFacts, daily_pnl
from perfkit.tracker.pnl_archive import GivenPrices, archive_days
from tests.strategies import RichHistory, rich_histories

UTC_DAY = TradingClock()
SUMS = ("realized_pnl", "fees", "unrealized_pnl", "funding", "dividends", "total_pnl")


def noon(day):
    return datetime(2024, 1, day, 12, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path, clock):
    """A history in which SPY closes at 52, 53, 54, 55 on four days."""
    with TradeTracker(tmp_path, account="main", strategy="trend", clock=clock) as tracker:
        bars = [
            Bar(symbol="SPY", close_time=noon(d) + timedelta(hours=9), close=50.0 + d)
            for d in range(2, 6)
        ]
        tracker.record_bars(bars)
        yield tracker


def days(tracker, *columns, **which):
    rows = PnlLog(tracker.store).read(**which).to_pylist()
    return [(row["day"].day, *(row[name] for name in columns)) for row in rows]


def make(trade_id, day, side="buy", price=50.0, volume=100.0, **fields):
    values = {"account_id": "main", "strategy_id": "trend", "symbol": "SPY"} | fields
    return Fill(
        trade_id=trade_id, execution_time=noon(day), side=side, price=price, volume=volume, **values
    )


def test_every_day_of_a_history_is_archived(desk):
    # by hand: 100 bought at 50, 40 sold at 60 on day 4, one dollar of commission each
    desk.record_many(
        [make("1", 2, commission=1.0), make("2", 4, "sell", 60.0, 40.0, commission=1.0)]
    )
    assert archive_days(desk.store, UTC_DAY)[1:] == (4, 0, 0)
    assert days(desk, "realized_pnl", "fees", "unrealized_pnl", "total_pnl", "trades") == [
        (2, 0.0, 1.0, 200.0, 199.0, 1),
        (3, 0.0, 1.0, 300.0, 299.0, 0),
        (4, 400.0, 2.0, 240.0, 638.0, 1),
        (5, 400.0, 2.0, 300.0, 698.0, 0),
    ]


def test_archived_twice_is_archived_once(desk):
    desk.record_many([make("1", 2), make("2", 4, "sell", 60.0, 40.0)])
    archive_days(desk.store, UTC_DAY)
    assert archive_days(desk.store, UTC_DAY)[1:] == (0, 0, 4)


def test_a_late_correction_corrects_the_days_from_its_own_on(desk):
    desk.record_many([make("1", 2), make("2", 4, "sell", 60.0, 40.0)])
    archive_days(desk.store, UTC_DAY)
    desk.record_many(
        [make("3", 4, "sell", 70.0, 40.0, record_type="correct", original_trade_id="2")]
    )
    assert archive_days(desk.store, UTC_DAY)[1:] == (0, 2, 2)
    assert days(desk, "realized_pnl") == [(2, 0.0), (3, 0.0), (4, 800.0), (5, 800.0)]


def test_a_busted_strategy_stays_in_the_log_with_nothing(desk):
    desk.record_many([make("1", 3)])
    archive_days(desk.store, UTC_DAY)
    desk.record_many([make("b", 3, record_type="bust", original_trade_id="1")])
    assert archive_days(desk.store, UTC_DAY)[1:] == (0, 3, 0)
    assert days(desk, "total_pnl", "unrealized_pnl", "trades") == [
        (d, 0.0, 0.0, 0) for d in (3, 4, 5)
    ]


def test_cash_is_earned_or_paid_in(desk):
    cash = {"account_id": "main", "strategy_id": "trend"}
    desk.record_cash(
        [
            CashRecord(cash_id="1", execution_time=noon(2), kind="deposit", amount=1e4, **cash),
            CashRecord(cash_id="2", execution_time=noon(3), kind="dividend", amount=30.0, **cash),
            CashRecord(cash_id="3", execution_time=noon(4), kind="funding", amount=-4.0, **cash),
        ]
    )
    archive_days(desk.store, UTC_DAY)
    assert days(desk, "funding", "dividends", "total_pnl") == [
        (2, 0.0, 0.0, 0.0),
        (3, 0.0, 30.0, 30.0),
        (4, -4.0, 30.0, 26.0),
        (5, -4.0, 30.0, 26.0),
    ]


def test_a_position_that_never_had_a_price_is_not_known_until_it_has_one(desk):
    desk.record_many([make("1", 2, symbol="OKLO"), make("2", 2)])
    bar = Bar(symbol="OKLO", close_time=noon(4), close=51.0)
    desk.record_bars([bar])
    archive_days(desk.store, UTC_DAY)
    assert days(desk, "total_pnl", "unpriced", "reason", "realized_pnl") == [
        (2, None, ["OKLO"], "no_price", 0.0),
        (3, None, ["OKLO"], "no_price", 0.0),
        (4, 500.0, [], None, 0.0),
        (5, 600.0, [], None, 0.0),
    ]


def test_what_was_closed_needs_no_price(desk):
    desk.record_many([make("1", 2, symbol="OKLO"), make("2", 3, "sell", 57.0, symbol="OKLO")])
    archive_days(desk.store, UTC_DAY)
    assert days(desk, "total_pnl", "reason")[1:] == [(d, 700.0, None) for d in (3, 4, 5)]


def test_given_prices_are_kept_with_the_day_and_value_it_again(desk):
    desk.record_many([make("1", 2, symbol="OKLO")])
    given = GivenPrices({"OKLO": 53.0}, noon(3))
    assert archive_days(desk.store, UTC_DAY, day=date(2024, 1, 3), given=given).new == 1
    assert days(desk, "total_pnl", "mark_symbols", "mark_prices") == [(3, 300.0, ["OKLO"], [53.0])]
    # a fill that became known late: 200 at 50 and 51 were held, at the price of the day
    desk.record_many([make("2", 3, symbol="OKLO", price=51.0)])
    assert archive_days(desk.store, UTC_DAY)[1:] == (3, 1, 0)
    assert days(desk, "total_pnl") == [(2, None), (3, 500.0), (4, 500.0), (5, 500.0)]
    assert archive_days(desk.store, UTC_DAY)[1:] == (0, 0, 4)


def test_of_two_prices_given_for_one_day_the_later_counts(desk):
    desk.record_many([make("1", 2, symbol="OKLO")])
    for hour, price in ((1, 53.0), (2, 54.0)):
        given = GivenPrices({"OKLO": price}, noon(3) + timedelta(hours=hour))
        archive_days(desk.store, UTC_DAY, day=date(2024, 1, 3), given=given)
    assert days(desk, "total_pnl", "mark_prices") == [(3, 400.0, [54.0])]
    archive_days(desk.store, UTC_DAY)
    assert days(desk, "total_pnl")[1] == (3, 400.0)


def test_strategies_of_different_currencies_are_each_archived_in_their_own(desk):
    desk.record_many(
        [make("1", 2, currency="USD"), make("2", 2, currency="EUR", symbol="SAP", strategy_id="b")]
    )
    desk.record_bars([Bar(symbol="SAP", close_time=noon(3), close=51.0)])
    archive_days(desk.store, UTC_DAY)
    assert days(desk, "total_pnl", "currency", strategy="b", start="2024-01-03")[0] == (
        3,
        100.0,
        "EUR",
    )
    assert days(desk, "total_pnl", "currency", strategy="trend")[0] == (2, 200.0, "USD")


def test_a_strategy_of_several_currencies_needs_one_to_be_added_up_in(desk):
    desk.record_many([make("1", 2, currency="USD"), make("2", 2, currency="EUR", symbol="SAP")])
    with pytest.raises(InvalidArgumentError, match="must be of one currency to be added up"):
        archive_days(desk.store, UTC_DAY)
    marks = {"SAP": 51.0, "EUR/USD": 1.1}
    archive_days(
        desk.store,
        UTC_DAY,
        day=date(2024, 1, 2),
        given=GivenPrices(marks, noon(2)),
        convert_to="USD",
    )
    # 100 SPY gained 2.00 until the close, 100 SAP one euro at 1.10
    ((_, total, currency),) = days(desk, "total_pnl", "currency")
    assert (total, currency) == (pytest.approx(200.0 + 110.0), "USD")


def test_money_without_a_rate_is_not_known(desk):
    desk.record_many([make("1", 2, currency="EUR")])
    archive_days(desk.store, UTC_DAY, convert_to="USD")
    assert days(desk, "total_pnl", "reason")[0] == (2, None, "no_rate")


def test_one_day_alone_is_archived(desk):
    desk.record_many([make("1", 2)])
    assert archive_days(desk.store, UTC_DAY, day=date(2024, 1, 4)).new == 1
    assert days(desk, "total_pnl") == [(4, 400.0)]
    assert archive_days(desk.store, UTC_DAY, day=date(2024, 1, 1))[1:] == (0, 0, 0)


def test_the_log_of_another_clock_is_not_mixed_in(desk):
    desk.record_many([make("1", 2)])
    archive_days(desk.store, UTC_DAY)
    with pytest.raises(InvalidArgumentError, match="archive with the zone and cut-off of the log"):
        archive_days(desk.store, TradingClock("America/New_York", "17:00"))


# --- laws


def facts(history: RichHistory, rows: pa.Table) -> PricedFacts:
    return PricedFacts(rows, history.cash, history.splits, history.marks)


def values(rows: pa.Table) -> dict:
    return {
        (row["account_id"], row["strategy_id"], row["day"]): [
            math.nan if row[name] is None else row[name] for name in SUMS
        ]
        for row in rows.to_pylist()
    }


@settings(max_examples=25, deadline=None)
@given(history=rich_histories(one_currency=True))
def test_a_day_is_the_sum_of_its_days_in_the_equity(history):
    rows = daily_pnl(facts(history, history.recorded), UTC_DAY)
    stamps = rows["day"].cast(pa.int64()).to_numpy().view("datetime64[us]")
    clock = UTC_DAY._replace(further_days=np.unique(stamps.astype("datetime64[D]")))
    equity = daily_equity(
        history.recorded, history.marks, history.cash, splits=history.splits, clock=clock
    )
    pnl = equity.groupby(["account_id", "strategy_id"])["pnl"].cumsum(skipna=False)
    for (account, strategy, day), total in zip(
        equity[["account_id", "strategy_id", "day"]].itertuples(index=False), pnl, strict=True
    ):
        row = next(
            r
            for r in rows.to_pylist()
            if (r["account_id"], r["strategy_id"]) == (account, strategy)
            and r["day"].replace(tzinfo=None) == day.to_pydatetime()
        )
        if row["total_pnl"] is not None:
            scale = equity["turnover"].sum() + equity["exposure"].max() + 1.0
            assert row["total_pnl"] == pytest.approx(total, rel=1e-9, abs=1e-9 * scale)
            parts = row["realized_pnl"] - row["fees"] + row["unrealized_pnl"]
            parts += row["funding"] + row["dividends"]
            assert row["total_pnl"] == pytest.approx(parts, rel=1e-9, abs=1e-9 * scale)


def simple_fill(number, day, side, price, volume, symbol):
    return make(f"T{number}", day, side, price, volume, symbol=symbol, strategy_id=f"s-{symbol}")


_fills = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 400).map(lambda quarter: quarter / 4),
        st.integers(1, 9).map(float),
        st.sampled_from(["A", "B"]),
    ),
    min_size=1,
    max_size=10,
)
_fates = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["bust", "correct"])), max_size=4)
_bars = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from(["A", "B"]), st.integers(1, 100)), max_size=8
)


@settings(max_examples=8, deadline=None)
@given(told=_fills, fates=_fates, bars=_bars, known=st.integers(0, 10))
def test_an_archive_that_learns_late_equals_one_that_knew_all(
    tmp_path_factory, told, fates, bars, known
):
    fills = [simple_fill(number, *fill) for number, fill in enumerate(told)]
    later = [
        make(
            f"L{n}",
            told[target][0],
            told[target][1],
            told[target][2] + 1.0,
            2.0,
            symbol=told[target][4],
            strategy_id=f"s-{told[target][4]}",
            record_type=kind,
            original_trade_id=f"T{target}",
        )
        for n, (target, kind) in enumerate(fates)
        if target < len(told)
    ]
    closes = [
        Bar(symbol=symbol, close_time=noon(day), close=float(price)) for day, symbol, price in bars
    ]
    folder = tmp_path_factory.mktemp("archive")
    with TradeTracker(folder / "late", market=None) as tracker:
        for batch in (fills[:known], fills[known:], later):
            tracker.record_many(batch, atomic=True)
            archive_days(tracker.store, UTC_DAY)
        tracker.record_bars(closes)
        archive_days(tracker.store, UTC_DAY)
        assert archive_days(tracker.store, UTC_DAY)[1:3] == (0, 0)
        learned = values(PnlLog(tracker.store).read())
    with TradeTracker(folder / "fresh", market=None) as tracker:
        tracker.record_bars(closes)
        tracker.record_many([*fills, *later], atomic=True)
        archive_days(tracker.store, UTC_DAY)
        fresh = values(PnlLog(tracker.store).read())
    assert learned.keys() == fresh.keys()
    for key, row in fresh.items():
        assert learned[key] == pytest.approx(row, rel=1e-9, abs=1e-9, nan_ok=True)


def test_no_facts_are_no_days():
    none = {
        name: arrow_schema(cls).empty_table()
        for name, cls in (("cash", CashRecord), ("splits", SplitRecord), ("marks", Mark))
    }
    fills = arrow_schema(Fill).empty_table().append_column("sequence", pa.array([], pa.int64()))
    assert daily_pnl(PricedFacts(fills, **none), UTC_DAY).num_rows == 0


def test_a_history_is_archived_by_its_writer_alone(desk):
    desk.record_many([make("1", 2)])
    with pytest.raises(OSError, match="writer"):
        archive_days(TradeStore(desk.store.uri), UTC_DAY)
