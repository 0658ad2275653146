"""Splits: a context is in the units of its time, whoever told of the split, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ConflictError, InvalidTableError, SchemaError
from perfkit.labels import LabelGenerator
from perfkit.ledger import Ledger
from perfkit.market import DAILY, MarketState, context_asof
from perfkit.records import Bar, Fill, MarketContext, SplitRecord, arrow_schema, to_table

FIRST = datetime(2020, 1, 1, 21, tzinfo=UTC)
WORDS = [field.name for field in arrow_schema(MarketContext) if field.type == pa.string()]
PRICES = [
    "close", "moving_average", "atr", "channel_high", "channel_low", "prior_high", "prior_low",
    "prior_close", "point_of_control", "value_area_low", "value_area_high",
]  # fmt: skip
SEEDS, SIZES = st.integers(0, 10_000), st.integers(1, 70)
law = settings(max_examples=12, deadline=None)


def day(n, hours=0.0):
    return FIRST + timedelta(days=n, hours=hours)


def splits_of(*rows):
    """Splits from (symbol, time, ratio) or (symbol, time, ratio, account)."""
    records = [
        SplitRecord(
            split_id=str(n), account_id=row[3] if len(row) > 3 else "acc", symbol=row[0],
            execution_time=row[1], ratio=row[2],
        )
        for n, row in enumerate(rows)
    ]  # fmt: skip
    return to_table(records, SplitRecord)


def context_of(bars, splits, time, **terms):
    trade = pa.table({"symbol": ["X"], "execution_time": pa.array([time], pa.timestamp("us", UTC))})
    return context_asof(trade, bars, splits=splits, **terms).to_pylist()[0]


# -- worked by hand ------------------------------------------------------------------------

SMALL = DAILY._replace(name="small", average=3, momentum=2, channel=3, volume=3, atr=2)
# four days at about 400, split 4:1, two at about 100
CLOSE, VOLUME = [400.0, 404.0, 408.0, 400.0, 102.0, 99.0], [10.0, 10.0, 20.0, 10.0, 60.0, 80.0]
SPLIT = ("X", day(3, 10), 4.0)


@pytest.fixture
def bars(bars_of):
    high, low = ([c * factor for c in CLOSE] for factor in (1.01, 0.99))
    return bars_of(CLOSE, high=high, low=low, volume=VOLUME)


@pytest.mark.parametrize(
    ("time", "close", "average", "momentum", "top", "bottom", "relative_volume"),
    [
        # before the split: (404 + 408 + 400) / 3, 400 / 404 - 1, 10 over the median of 10 10 20
        (day(3, 9.9), 400.0, 404.0, -4 / 404, 408 * 1.01, 400 * 0.99, 1.0),
        # from its time on, with no bar since: all of it in quarters
        (day(3, 10), 100.0, 101.0, -1 / 101, 102 * 1.01, 100 * 0.99, 1.0),
        # 102 after 101, 102, 100; volume 60 over the median of 40 80 40
        (day(4), 102.0, 304 / 3, 0.0, 102 * 1.01, 100 * 0.99, 1.5),
        # 99 after 102, 100, 102; volume 80 over the median of 80 40 60
        (day(5), 99.0, 301 / 3, -0.01, 102 * 1.01, 100 * 0.99, 80 / 60),
    ],
)  # fmt: skip
def test_figures_are_in_the_units_of_the_time(
    bars, time, close, average, momentum, top, bottom, relative_volume
):
    found = context_of(bars, splits_of(SPLIT), time, definition=SMALL)
    assert found["close"] == close
    assert found["moving_average"] == pytest.approx(average)
    assert found["momentum"] == pytest.approx(momentum)
    # the channel is of the three bars before the last one
    assert found["channel_high"] == pytest.approx(top)
    assert found["channel_low"] == pytest.approx(bottom)
    assert found["relative_volume"] == pytest.approx(relative_volume)


def test_without_the_split_the_same_bars_read_as_a_crash(bars):
    found = context_of(bars, None, day(4), definition=SMALL)
    assert found["momentum"] == -0.75
    assert found["relative_volume"] == 6.0


def test_a_bar_that_closes_at_the_time_of_a_split_tells_of_before(bars):
    split = splits_of(("X", day(3), 4.0))
    assert context_of(bars, split, day(3))["close"] == 100.0
    just_before = day(3) - timedelta(microseconds=1)
    assert context_of(bars, split, just_before)["close"] == 408.0


def test_levels_of_the_session_before_are_in_the_units_of_the_time(bars_at):
    times = [datetime(2024, 3, 5, hour, tzinfo=UTC) for hour in (16, 17, 18, 19, 20, 21)]
    close, volume = [400, 404, 420, 412, 408, 410], [1.0, 1, 5, 1, 1, 1]
    bars = bars_at(times, close, [c + 4 for c in close], [c - 4 for c in close], volume)
    evening, morning = (datetime(2024, 3, 6, hour, tzinfo=UTC) for hour in (2, 9))
    split = splits_of(("X", datetime(2024, 3, 6, 5, tzinfo=UTC), 4.0))
    before, after = (context_of(bars, split, t, calendar="XNYS") for t in (evening, morning))
    assert (before["prior_high"], before["prior_low"], before["prior_close"]) == (424, 396, 410)
    assert (after["prior_high"], after["prior_low"], after["prior_close"]) == (106, 99, 102.5)
    for name in ("point_of_control", "value_area_low", "value_area_high"):
        assert after[name] == pytest.approx(before[name] / 4)
    assert after["market_session"] == "pre_market"


def test_a_session_that_is_split_in_its_middle_has_one_unit(bars_at):
    times = [datetime(2024, 3, 5, hour, tzinfo=UTC) for hour in (16, 17, 18, 19, 20, 21)]
    bars = bars_at(times, [400, 404, 420, 103, 102, 104])
    split = splits_of(("X", datetime(2024, 3, 5, 18, 30, tzinfo=UTC), 4.0))
    found = context_of(bars, split, datetime(2024, 3, 6, tzinfo=UTC), calendar="XNYS")
    assert (found["prior_high"], found["prior_low"], found["prior_close"]) == (105, 100, 104)


def test_what_is_asked_before_a_split_and_after_it_does_not_mix(bars):
    state = MarketState()
    state.on_bars(bars.slice(0, 4))
    state.on_splits(splits_of(SPLIT))
    before, at, after = SPLIT[1] - timedelta(microseconds=1), SPLIT[1], day(3, 12)
    for times in [(before, at, after), (at, before), (after, before, at), (before, after)]:
        for time in times:
            expected = 400.0 if time == before else 100.0
            assert state.context_at("X", time).close == expected


def test_several_splits_multiply(bars):
    splits = splits_of(("X", day(1, 1), 2.0), ("X", day(3, 10), 0.1), ("X", day(2, 1), 3.0))
    times = [day(1), day(1, 1), day(2), day(2, 1), day(3), day(3, 10), day(4)]
    found = [context_of(bars, splits, time)["close"] for time in times]
    # 404 404/2 408 408/3 400 400/0.1, and 102 as it is
    assert found == pytest.approx([404, 202, 408, 136, 400, 4_000, 102])
    # 404 has yet to be split by 2, 3 and 0.1, 408 by 3 and 0.1, 400 by 0.1
    found = context_of(bars, splits, day(3, 10), definition=SMALL)
    assert found["moving_average"] == pytest.approx((404 / 0.6 + 408 / 0.3 + 400 / 0.1) / 3)


def test_closes_are_given_as_quoted(bars):
    state = MarketState()
    state.on_bars(bars)
    state.on_splits(splits_of(SPLIT))
    start, stop = (int(time.timestamp() * 1e6) for time in (day(2), day(5)))
    *_, closes = state.closes_between(["X"], start, stop)
    assert closes.tolist() == [408.0, 400.0, 102.0, 99.0]


# -- who tells, and when -------------------------------------------------------------------


def test_a_split_may_be_told_before_between_or_after_the_bars(bars):
    expected = context_of(bars, splits_of(SPLIT), day(5), definition=SMALL)
    for told in range(7):
        state = MarketState(definition=SMALL)
        for n in range(7):
            if n == told:
                assert state.on_splits(splits_of(SPLIT)) == 1
            assert state.on_bars(bars.slice(n, 1)) == (n < 6)
            state.context_at("X", day(n))
        assert state.contexts(["X"], [day(5)]).to_pylist() == [expected]


def test_a_split_that_many_tell_counts_once(bars):
    told = splits_of(
        SPLIT, (*SPLIT, "other"), ("X", day(3, 4.4), 4.0, "evening.before"),
        ("X", day(5, 2), 4.0, "monday.after"),
    )  # fmt: skip
    expected = context_of(bars, splits_of(("X", day(3, 4.4), 4.0)), day(5), definition=SMALL)
    for order in ([0, 1, 2, 3], [3, 1, 2, 0], [2, 3, 0, 1]):
        state = MarketState(definition=SMALL)
        state.on_bars(bars)
        new = [state.on_splits(told.slice(n, 1)) for n in [*order, *order]]
        assert new == [1, 0, 0, 0, 0, 0, 0, 0]
        assert state.contexts(["X"], [day(5)]).to_pylist() == [expected]


def test_two_splits_that_one_account_tells_both_count(bars):
    splits = splits_of(("X", day(1, 1), 2.0), ("X", day(3, 1), 2.0), ("X", day(3, 2), 2.0, "b"))
    state = MarketState()
    state.on_bars(bars)
    assert state.on_splits(splits) == 2
    assert state.context_at("X", day(3, 5)).close == 200.0
    assert state.context_at("X", day(1, 1)).close == 202.0


def test_a_split_concerns_its_symbol_and_bars_before_it_alone(bars, bars_of):
    state = MarketState(definition=SMALL)
    early, unknown = ("X", day(-1), 9.0), ("never quoted", day(2), 9.0)
    assert state.on_splits(splits_of(early, unknown, ("Y", day(2, 1), 2.0))) == 3
    state.on_bars(bars)
    assert state.contexts(["X"], [day(5)]).to_pylist() == [
        context_of(bars, None, day(5), definition=SMALL)
    ]
    assert state.context_at("never quoted", day(5)).context_reason == "no_market_data"
    assert state.context_at("Y", day(5)).context_reason == "no_market_data"
    state.on_bars(bars_of([10.0, 10.0, 10.0, 5.0], symbol="Y"))
    assert state.context_at("Y", day(3)).moving_average == 5.0


def test_a_split_that_was_called_off_is_forgotten(bars):
    state = MarketState(definition=SMALL)
    state.on_bars(bars)
    before = state.contexts(["X"] * 6, [day(n) for n in range(6)])
    split = splits_of(SPLIT)
    state.forget_splits(split)
    state.on_splits(split)
    assert not state.contexts(["X"] * 6, [day(n) for n in range(6)]).equals(before)
    state.on_splits(splits_of(("X", day(5, 1), 3.0)))
    state.forget_splits(split)
    assert state.contexts(["X"] * 6, [day(n) for n in range(6)]).equals(before)
    assert state.context_at("X", day(5, 1)).close == 33.0


def test_a_ratio_that_contradicts_another_is_refused_and_nothing_is_taken(bars):
    state = MarketState()
    state.on_bars(bars)
    state.on_splits(splits_of(SPLIT))
    other = splits_of(("X", day(1), 2.0), ("X", SPLIT[1], 5.0, "b"))
    with pytest.raises(
        ConflictError, match=r"'X' at 2020-01-05 07:00.*4\.0 of account 'acc'.*5\.0"
    ):
        state.on_splits(other)
    assert state.context_at("X", day(3)).close == 400.0
    assert state.on_splits(splits_of(("X", day(1), 2.0))) == 1


def test_rows_that_are_no_splits_are_refused(bars):
    state = MarketState()
    with pytest.raises(SchemaError, match="SplitRecord"):
        state.on_splits(bars)
    wrong = splits_of(SPLIT).set_column(4, "ratio", pa.array([-4.0]))
    with pytest.raises(InvalidTableError, match="ratio must be > 0"):
        state.on_splits(wrong)


# -- laws ----------------------------------------------------------------------------------


def split_world(draw_world, seed, size):
    """A random world that was split: bars as quoted, and the splits, told by two accounts."""
    world, rng = draw_world(seed, size), np.random.default_rng(seed + 1)
    first, last = (world.bars["close_time"][n].as_py() for n in (0, -1))
    hours = (last - first) / timedelta(hours=1)
    rows = []
    for symbol in ["A", "B", "unknown"]:
        # at and between closes, before the first and after the last one too
        chosen = np.unique(rng.integers(-10, hours + 20, rng.integers(0, 4)))
        for n, hour in enumerate(chosen.tolist()):
            # a power of two scales without rounding; no two of a symbol are alike
            ratio = [[2.0, 0.25, 4.0], [0.5, 8.0, 0.125]][rng.integers(2)][n]
            rows.append((symbol, first + timedelta(hours=hour), ratio, f"acc_{n % 2}"))
            if rng.random() < 0.5:
                rows.append((*rows[-1][:3], "other"))
    return quoted(world, rows), splits_of(*rows), world


def quoted(world, rows):
    """Quote the bars of a world as they were before someone adjusted them."""
    frame = world.bars.to_pandas()
    for symbol, time, ratio in {row[:3] for row in rows}:
        is_new = (frame["symbol"] == symbol) & (frame["close_time"] > time)
        frame.loc[is_new, ["close", "high", "low"]] /= ratio
        frame.loc[is_new, "volume"] *= ratio
    return world._replace(bars=pa.Table.from_pydict(
        {n: pa.array(frame[n].to_numpy() if world.bars.schema.field(n).type == pa.float64()
                     else world.bars[n].combine_chunks(), from_pandas=True)
         for n in world.bars.column_names},
        schema=world.bars.schema,
    ))  # fmt: skip


def answered(world, splits):
    return context_asof(world.trades, world.bars, news=world.news, splits=splits, **world.terms)


@law
@given(seed=SEEDS, size=SIZES)
def test_a_split_changes_units_and_no_class(draw_world, seed, size):
    world, splits, unsplit = split_world(draw_world, seed, size)
    found, expected = answered(world, splits), unsplit.contexts()
    assert found.select(WORDS).equals(expected.select(WORDS))
    symbol, time = (world.trades[n].to_pylist() for n in ("symbol", "execution_time"))
    told = {tuple(row.values()) for row in splits.select(
        ["symbol", "execution_time", "ratio"]).to_pylist()}  # fmt: skip
    units = np.array([
        np.prod([r for name, since, r in told if name == s and since <= t])
        for s, t in zip(symbol, time, strict=True)
    ])  # fmt: skip
    for name in PRICES:
        ours, theirs = (table[name].to_pandas().to_numpy() for table in (found, expected))
        np.testing.assert_array_equal(ours * units, theirs, err_msg=name)
    for name in ("relative_volume", "adx", "zscore", "momentum", "volatility"):
        ours, theirs = (table[name].to_pandas().to_numpy() for table in (found, expected))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)


@law
@given(seed=SEEDS, size=SIZES, share=st.floats(-0.2, 1.2))
def test_a_context_is_the_same_whatever_is_split_after_it(draw_world, seed, size, share):
    world, splits, _ = split_world(draw_world, seed, size)
    first, last = (world.bars["close_time"][n].as_py() for n in (0, -1))
    cut = pa.scalar(first + share * (last - first), pa.timestamp("us", UTC))
    is_early = pc.less_equal(world.trades["execution_time"], cut)
    expected = answered(world, splits).filter(is_early)
    early = world._replace(
        trades=world.trades.filter(is_early),
        bars=world.bars.filter(pc.less_equal(world.bars["close_time"], cut)),
        news=world.news.filter(pc.less_equal(world.news["known_at"], cut)),
    )
    is_later = pc.greater(splits["execution_time"], cut)
    assert answered(early, splits.filter(pc.invert(is_later))).equals(expected)
    for poison in (1e9, 1e-9):
        ratio = pc.if_else(is_later, poison, splits["ratio"])
        place = splits.column_names.index("ratio")
        poisoned = splits.set_column(place, splits.schema.field("ratio"), ratio)
        assert answered(world, poisoned).filter(is_early).equals(expected)


@law
@given(seed=SEEDS, size=SIZES, data=st.data())
def test_a_stream_is_the_batch_in_any_order_of_telling(draw_world, seed, size, data):
    world, splits, _ = split_world(draw_world, seed, size)
    cuts = data.draw(st.lists(st.floats(0, 1), max_size=4))
    edges = [0, *sorted(int(cut * world.bars.num_rows) for cut in cuts), world.bars.num_rows]
    order = data.draw(st.permutations(range(splits.num_rows)))
    when = [data.draw(st.integers(0, len(edges) - 1)) for _ in order]
    state, asked = MarketState(**world.terms), world.trades.slice(0, 9)
    state.on_news(world.news)
    for batch, (a, b) in enumerate([*pairwise(edges), (0, 0)]):
        state.on_bars(world.bars.slice(a, b - a))
        state.contexts(asked["symbol"], asked["execution_time"])
        for row in (row for row, place in zip(order, when, strict=True) if place == batch):
            state.on_splits(splits.slice(row, 1))
            state.contexts(asked["symbol"], asked["execution_time"])
    assert state.on_splits(splits) == 0
    answer = state.contexts(world.trades["symbol"], world.trades["execution_time"])
    assert answer.equals(answered(world, splits))


@law
@given(seed=SEEDS, size=SIZES, together=st.integers(1, 9), is_late=st.booleans())
def test_live_answers_are_those_of_the_replay(draw_world, seed, size, together, is_late):
    world, splits, _ = split_world(draw_world, seed, size)
    trades = world.trades.sort_by([("execution_time", "ascending")])
    state, live, seen = MarketState(**world.terms), [], 0
    state.on_news(world.news)
    for start in range(0, trades.num_rows, together):
        batch = trades.slice(start, together)
        now = batch["execution_time"][-1]
        closed = pc.sum(pc.less_equal(world.bars["close_time"], now)).as_py() or 0
        state.on_bars(world.bars.slice(seen, closed - seen))
        seen = closed
        if is_late:  # asked before the split is known, which leaves nothing behind
            state.contexts(batch["symbol"], batch["execution_time"])
        state.on_splits(splits.filter(pc.less_equal(splits["execution_time"], now)))
        live.append(state.contexts(batch["symbol"], batch["execution_time"]))
    assert pa.concat_tables(live).equals(answered(world._replace(trades=trades), splits))


# -- a real split --------------------------------------------------------------------------

APPLE = ("AAPL", datetime(2014, 6, 9, 4, tzinfo=UTC), 7.0)  # 7:1, midnight in New York
MINUTES = DAILY._replace(name="minutes")


@pytest.fixture(scope="module")
def apple(shared_data):
    """Minute bars as quoted, stamped with their begin: 2014-06-05, 06 and 09."""
    name = "aapl_minute_trade_split_201406.parquet"
    frame = pq.read_table(shared_data / "intraday" / name).to_pandas()
    frame["close_time"] = frame["ts"] + pd.Timedelta(minutes=1)
    # the first bar of Monday opens in the source at Friday's close, 645.57; 92.42 is its close
    frame.loc[frame["ts"] == "2014-06-09T08:00Z", "high"] = 92.42
    return frame[["symbol", "close_time", "high", "low", "close", "volume"]]


def table_of(frame):
    columns = {n: frame[n].to_numpy(float) for n in ("high", "low", "close", "volume")}
    close_time = pa.array(frame["close_time"].dt.tz_convert(None).to_numpy(), pa.timestamp("us"))
    columns["close_time"] = close_time.cast(pa.timestamp("us", UTC))
    return pa.table({"symbol": pa.array(frame["symbol"].tolist()), **columns})


def asked_at(*texts):
    times = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    return pa.table(
        {
            "symbol": ["AAPL"] * len(times),
            "execution_time": pa.array(times, pa.timestamp("us", UTC)),
        }
    )


def test_apple_after_its_split_is_apple_adjusted_by_hand(apple):
    adjusted = apple.copy()
    is_old = adjusted["close_time"] <= APPLE[1]
    adjusted.loc[is_old, ["high", "low", "close"]] /= 7.0
    adjusted.loc[is_old, "volume"] *= 7
    terms = {"calendar": "XNYS", "definition": MINUTES}
    days = ("2014-06-05T", "2014-06-06T")
    hours = [f"{hour:02}:{minute}" for hour in range(8, 24) for minute in ("00", "17", "31:05")]
    before = asked_at(*(day + hour for day in days for hour in hours), "2014-06-09T03:59:59.999999")
    after = asked_at("2014-06-09T04:00", *("2014-06-09T" + hour for hour in hours))
    split = splits_of(APPLE)
    as_quoted = context_asof(before, table_of(apple), **terms)
    assert context_asof(before, table_of(apple), splits=split, **terms).equals(as_quoted)
    by_hand = context_asof(after, table_of(adjusted), **terms)
    assert context_asof(after, table_of(apple), splits=split, **terms).equals(by_hand)


def labels_of(times, sides, prices, context):
    fills = [
        Fill(
            trade_id=str(n), account_id="a", strategy_id=f"s{n}", symbol="AAPL", side=side,
            price=price, volume=10.0, execution_time=time,
        )
        for n, (time, side, price) in enumerate(zip(times, sides, prices, strict=True))
    ]  # fmt: skip
    table = to_table(fills, Fill)
    books = Ledger().apply(table)
    trades = pa.table([*table.columns, *books.columns], [*table.column_names, *books.column_names])
    return [set(labels) for labels in LabelGenerator().generate(trades, context).to_pylist()]


def test_trades_on_the_morning_after_are_not_labelled_as_in_a_crash(apple):
    """Friday closed at 645.57, 92.22 in the units of Monday, whose first price is 92.42."""
    # before the first bar, in the pre-market, and half a minute after the open
    asked = asked_at("2014-06-09T08:00:30", "2014-06-09T08:20", "2014-06-09T13:30:30")
    terms = {"calendar": "XNYS", "definition": MINUTES}
    told = context_asof(asked, table_of(apple), splits=splits_of(APPLE), **terms)
    untold = context_asof(asked, table_of(apple), **terms)
    trades = asked["execution_time"].to_pylist(), ["sell", "buy", "buy"], [92.42, 92.4, 92.66]
    short, early, late = labels_of(*trades, told)
    short_crash, early_crash, late_crash = labels_of(*trades, untold)
    # 92.42 is no breakout below Friday's 645.50 / 7
    assert "breakout" in short_crash
    assert "breakout" not in short
    assert told["close"][0].as_py() == pytest.approx(645.70 / 7)
    # Monday's nine bars lie within 92.30 to 92.50, Friday's last ones within 645.50 to 645.97
    assert untold["momentum"][1].as_py() == pytest.approx(92.4 / 645.75 - 1)
    assert told["momentum"][1].as_py() == pytest.approx(92.4 / (645.75 / 7) - 1)
    assert "mean_reversion" in early_crash
    assert "mean_reversion" not in early
    assert (untold["trend"][1].as_py(), told["trend"][1].as_py()) == ("downtrend", "range")
    # after the crash that was none, the true rise at the open would pass for a calm
    assert "low_volatility" in late_crash
    assert "high_volatility" in late
    prior = [told[name][2].as_py() for name in ("prior_high", "prior_low", "prior_close")]
    assert prior == pytest.approx([651.26 / 7, 644.47 / 7, 645.57 / 7])
    assert untold["prior_close"][2].as_py() == 645.57


def test_a_bar_of_the_record_is_taken_one_by_one_too(bars):
    state = MarketState()
    state.on_splits(splits_of(("X", day(0, 1), 2.0)))
    state.on_bar(Bar(symbol="X", close_time=day(0), close=10.0))
    state.on_bar(Bar(symbol="X", close_time=day(1), close=5.0))
    assert state.context_at("X", day(0)).close == 10.0
    assert state.context_at("X", day(0, 1)).close == 5.0
