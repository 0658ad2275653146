"""Days with a fill, and closes of each day, on clocks that do odd things."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from perfkit.history.closes import DeskDays
from perfkit.history.period_days import last_closes, traded_days
from perfkit.records import Bar, to_table
from perfkit.store import Snapshot, TradeStore
from perfkit.tracker import TradeTracker
from tests.history.random_desks import fills_of

ALL = pl.lit(value=True)
DESKS = [
    ("UTC", "00:00"),
    ("America/New_York", "17:00"),
    ("America/New_York", "17:05"),
    ("Asia/Kathmandu", "00:07"),
    ("America/St_Johns", "00:00"),  # set its clocks at one minute past midnight
    ("Australia/Lord_Howe", "02:00"),  # by half an hour
    ("Europe/Amsterdam", "00:00"),  # was 19 minutes and 32 seconds from Greenwich
]
# nights on which clocks were changed, and one from before clocks were regular
NIGHTS = [datetime(*day, tzinfo=UTC) for day in ((2006, 10, 29), (2006, 4, 2), (1936, 6, 1))]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """Fills and bars at any second of two days around each night."""
    folder, rng = tmp_path_factory.mktemp("nights"), np.random.default_rng(4)
    fill, number = fills_of(0)[0], 0
    fills, bars = [], {}
    for night in NIGHTS:
        first = night - timedelta(days=1)
        for second in np.sort(rng.choice(2 * 86_400, 3_000, replace=False)).tolist():
            time, number = first + timedelta(seconds=second), number + 1
            fills.append(replace(fill, trade_id=str(number), execution_time=time))
            symbol = ("AAA", "BBB", "EUR/USD")[number % 3]
            bars[symbol, time] = Bar(symbol=symbol, close_time=time, close=float(number))
    fills.sort(key=lambda each: each.execution_time)
    with TradeTracker(folder, market=None, labeler=None) as tracker:
        tracker.record_many(fills)
    with TradeStore(folder) as store:
        store.append("bars", to_table(list(bars.values()), Bar))
    return str(folder)


@pytest.mark.parametrize("desk", DESKS)
def test_the_days_with_a_fill_are_those_of_each_fill(uri, desk):
    days, store = DeskDays(*desk), TradeStore(uri)
    each = days.of(store.read("trades", columns=["execution_time"])["execution_time"])
    assert traded_days(Snapshot.of(store), days, ALL).tolist() == np.unique(each).tolist()


@pytest.mark.parametrize("desk", DESKS)
def test_the_last_close_of_a_day_is_the_last_of_all_its_bars(uri, desk):
    days, store = DeskDays(*desk), TradeStore(uri)
    every = store.read("bars", columns=["symbol", "close_time", "close"])
    closes = last_closes(Snapshot.of(store), days, ALL)
    last = [
        {
            (symbol, day): price
            for symbol, day, price in zip(
                table[0].to_pylist(), days.of(table[1]).tolist(), table[2].to_pylist(), strict=True
            )
        }
        for table in (every.columns, closes.sort_by("time").columns)
    ]
    assert last[0] == last[1]
    assert closes.num_rows < every.num_rows
    pairs = (np.array(each["symbol"].to_pylist()) == "EUR/USD" for each in (every, closes))
    assert len({int(is_pair.sum()) for is_pair in pairs}) == 1


def test_a_fill_just_after_the_cut_off_is_of_the_next_day(tmp_path):
    times = [datetime(2024, 1, 2, 22, 3, tzinfo=UTC), datetime(2024, 1, 3, 22, 6, tzinfo=UTC)]
    fill = fills_of(0)[0]
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        for number, time in enumerate(times):
            tracker.record_many([replace(fill, trade_id=str(number), execution_time=time)])
    desk = DeskDays("America/New_York", "17:05")
    days = traded_days(Snapshot.of(TradeStore(str(tmp_path))), desk, ALL)
    assert days.astype(str).tolist() == ["2024-01-02", "2024-01-04"]
