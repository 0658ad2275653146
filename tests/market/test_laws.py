"""What holds of a context whatever the bars and the news: nothing later is ever in it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.market import DAILY, MarketState
from perfkit.records import Bar, MarketContext, arrow_schema, conform, from_table

SIZES = st.integers(1, 70)
SEEDS = st.integers(0, 10_000)
law = settings(max_examples=15, deadline=None)


def up_to(cut, table, time):
    return table.filter(pc.less_equal(table[time], cut))


def check_that_nothing_later_is_used(contexts, world, cut):
    """Contexts up to a time are the same whatever comes after it.

    The time should lie between two closes: at a close itself, a join on the open of
    the next bar would go unnoticed.
    """
    early = up_to(cut, world.trades, "execution_time")
    closed, told = up_to(cut, world.bars, "close_time"), up_to(cut, world.news, "known_at")
    expected = contexts(world._replace(trades=early, bars=closed, news=told))
    is_early = pc.less_equal(world.trades["execution_time"], cut)
    assert contexts(world).filter(is_early).equals(expected)

    bars, later = world.bars, pc.greater(world.bars["close_time"], cut)
    for name in ("high", "low", "close", "volume"):
        given = pc.and_(later, pc.is_valid(bars[name]))
        bars = replaced(bars, name, pc.if_else(given, 1e9, bars[name]))
    assert contexts(world._replace(trades=early, bars=bars)).equals(expected)

    news, later = world.news, pc.greater(world.news["known_at"], cut)
    for name, poison in {"event_time": cut, "symbol": None, "calendar": None}.items():
        value = pa.scalar(poison.as_py() if poison else None, news[name].type)
        news = replaced(news, name, pc.if_else(later, value, news[name]))
    assert contexts(world._replace(trades=early, news=news)).equals(expected)


def hours_after_the_first_bar(world, hours):
    # between two closes: bars close at whole and at half hours
    return pa.scalar(world.bars["close_time"][0].as_py() + timedelta(hours=hours, minutes=10))


def answered(world):
    return world.contexts()


@law
@given(seed=SEEDS, size=SIZES, share=st.floats(-0.2, 1.2))
def test_a_context_is_the_same_whatever_comes_after_it(draw_world, seed, size, share):
    world = draw_world(seed, size)
    closes = world.bars["close_time"]
    span = (closes[-1].as_py() - closes[0].as_py()) / timedelta(hours=1) + 24
    cut = hours_after_the_first_bar(world, int(share * span))
    check_that_nothing_later_is_used(answered, with_trades_before(cut, world), cut)


def with_trades_before(cut, world):
    """Let every symbol also be traded in the hours before a time, and at it."""
    minutes = [0, 1, 9, 29, 31, 59, 240, 1439]
    times = [cut.as_py() - timedelta(minutes=n) for n in minutes for _ in "ABC"]
    symbols = pa.array(list("ABC") * len(minutes))
    more = pa.table([symbols, pa.array(times, cut.type)], world.trades.schema)
    return world._replace(trades=pa.concat_tables([world.trades, more]))


def test_the_default_definition_knows_nothing_of_later_bars_either(draw_daily_world):
    world = draw_daily_world(1, 400)
    world = world._replace(terms={"definition": DAILY, "calendar": "XNYS"})
    check_that_nothing_later_is_used(answered, world, hours_after_the_first_bar(world, 330 * 24))


def centred_average(world):
    """A planted look-ahead: the moving average has the trade in its middle."""
    frame = world.bars.to_pandas()
    average = frame.groupby("symbol")["close"].rolling(5, center=True, min_periods=1).mean()
    frame["average"] = average.droplevel(0)
    return replaced(world.contexts(), "moving_average", last_known(world, frame, "average"))


def full_sample_rank(world):
    """A planted look-ahead: volatility is ranked among that of all trades."""
    context = world.contexts()
    rank = context["volatility"].to_pandas().rank(pct=True)
    return replaced(context, "volatility_rank", pa.array(rank))


def high_of_the_day(world):
    """A planted look-ahead: the high of the whole day, known in the morning."""
    frame = world.bars.to_pandas()
    days = [frame["symbol"], frame["close_time"].dt.isocalendar().week]
    frame["highest"] = frame.groupby(days)["close"].transform("max")
    return replaced(world.contexts(), "prior_high", last_known(world, frame, "highest"))


def open_time_join(world):
    """A planted look-ahead: a bar is used from its open on, before its close."""
    lasts = timedelta(minutes=30) if world.terms["definition"].reads_the_clock else timedelta(1)
    opens = pc.subtract(world.bars["close_time"], pa.scalar(lasts))
    return world.contexts(bars=replaced(world.bars, "close_time", opens))


def news_from_its_event_time_on(world):
    """A planted look-ahead: news counts when it happens, not when it is told."""
    news = world.news.take(told(world, "min"))
    return world.contexts(news=replaced(news, "known_at", news["event_time"]))


def news_as_it_was_revised_last(world):
    """A planted look-ahead: an event is known from the first on as it was revised later."""
    first, last = (world.news.take(told(world, which)) for which in ("min", "max"))
    return world.contexts(news=replaced(last, "known_at", first["known_at"]))


def told(world, which):
    """Give the row of each event that was told first (min) or last (max)."""
    rows = pa.array(np.arange(world.news.num_rows))
    by_time = world.news.append_column("row", rows).sort_by("known_at")
    places = by_time.append_column("place", rows).group_by("event_id")
    place = places.aggregate([("place", which)]).sort_by("event_id")[f"place_{which}"]
    return by_time["row"].take(place)


PLANTED = [
    centred_average, full_sample_rank, high_of_the_day, open_time_join,
    news_from_its_event_time_on, news_as_it_was_revised_last,
]  # fmt: skip


def last_known(world, frame, name):
    asked = world.trades.to_pandas().reset_index().sort_values("execution_time", kind="stable")
    joined = pd.merge_asof(
        asked, frame, left_on="execution_time", right_on="close_time", by="symbol"
    )
    return pa.array(joined.set_index("index").sort_index()[name])


def replaced(table, name, values):
    return table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_look_ahead_is_caught(planted, draw_world):
    world = draw_world(3, 60)
    closes = world.bars["close_time"]
    hours = (closes[-1].as_py() - closes[0].as_py()) / timedelta(hours=1)
    cuts = [hours_after_the_first_bar(world, int(hours * share)) for share in (0.3, 0.5, 0.7)]
    with pytest.raises(AssertionError):
        check_at_each(cuts, planted, world)


def check_at_each(cuts, contexts, world):
    for cut in cuts:
        check_that_nothing_later_is_used(contexts, with_trades_before(cut, world), cut)


def fed(world, state, cuts):
    """Feed a state with bars and news in batches, asking it something in between."""
    for name, give in (("bars", state.on_bars), ("news", state.on_news)):
        table = getattr(world, name)
        edges = [0, *sorted(int(c * table.num_rows) for c in cuts), table.num_rows]
        taken = []
        for a, b in pairwise(edges):
            taken.append(give(table.slice(a, b - a)))
            asked = world.trades.slice(0, 7)
            state.contexts(asked["symbol"], asked["execution_time"])
        assert sum(taken) == table.num_rows
    return state


@law
@given(seed=SEEDS, size=SIZES, cuts=st.lists(st.floats(0, 1), max_size=5))
def test_a_stream_is_the_batch_in_any_batching(draw_world, seed, size, cuts):
    world = draw_world(seed, size)
    state = fed(world, MarketState(**world.terms), cuts)
    answer = state.contexts(world.trades["symbol"], world.trades["execution_time"])
    assert answer.equals(world.contexts())


def test_bars_one_by_one_and_questions_one_by_one_are_the_batch(draw_world):
    world = draw_world(5, 70)
    state = MarketState(**world.terms)
    for bar in from_table(conform(world.bars, Bar), Bar):
        state.on_bar(bar)
    state.on_news(world.news)
    pairs = zip(
        *(world.trades[name].to_pylist() for name in world.trades.column_names), strict=True
    )
    one_by_one = [state.context_at(symbol, time) for symbol, time in pairs]
    assert one_by_one == from_table(world.contexts(), MarketContext)


@law
@given(seed=SEEDS, size=SIZES, together=st.integers(1, 9))
def test_live_answers_are_those_of_the_replay(draw_world, seed, size, together):
    world = draw_world(seed, size)
    trades = world.trades.sort_by([("execution_time", "ascending")])
    news = world.news.sort_by([("known_at", "ascending")])
    state, live, seen = MarketState(**world.terms), [], [0, 0]
    for start in range(0, trades.num_rows, together):
        batch = trades.slice(start, together)
        # as in life, a trade may be told of after the bars that closed since
        now = batch["execution_time"][-1]
        for place, (table, time) in enumerate(((world.bars, "close_time"), (news, "known_at"))):
            known = pc.sum(pc.less_equal(table[time], now)).as_py() or 0
            give = (state.on_bars, state.on_news)[place]
            give(table.slice(seen[place], known - seen[place]))
            seen[place] = known
        live.append(state.contexts(batch["symbol"], batch["execution_time"]))
    assert pa.concat_tables(live).equals(world.contexts(trades=trades))


@law
@given(seed=SEEDS, size=SIZES)
def test_the_order_of_trades_and_news_and_the_layout_of_symbols_do_not_matter(
    draw_world, seed, size
):
    world = draw_world(seed, size)
    rng = np.random.default_rng(seed)
    order, told = (rng.permutation(table.num_rows) for table in (world.trades, world.news))
    answer = world.contexts(
        trades=world.trades.take(order),
        bars=world.bars.sort_by([("symbol", "descending"), ("close_time", "ascending")]),
        news=world.news.take(told),
    )
    assert answer.equals(world.contexts().take(order))


FROM_CALENDARS = [
    "market_session", "prior_high", "prior_low", "prior_close", "point_of_control",
    "value_area_low", "value_area_high",
]  # fmt: skip
OPTIONAL = ["minutes_from_open", "minutes_to_close", "news_id", "news_minutes"]
REASONS = {
    "context_reason": {
        "no_market_data", "stale", "warming_up", "undefined", "no_volume", "no_profile",
    },
    "session_reason": {"no_calendar", "outside_calendar"},
    "news_reason": {"no_events"},
}  # fmt: skip


@law
@given(seed=SEEDS, size=SIZES)
def test_a_null_has_a_reason_and_a_reason_has_a_null(draw_world, seed, size):
    world = draw_world(seed, size)
    context = world.contexts()
    assert context.schema.equals(arrow_schema(MarketContext))
    frame = context.to_pandas()
    for name, words in REASONS.items():
        assert set(frame[name].dropna()) <= words
    assert not np.isinf(frame.select_dtypes("number").to_numpy(float)).any()

    assert (frame["market_session"].isna() == frame["session_reason"].notna()).all()
    assert (frame["news_event"].isna() == frame["news_reason"].notna()).all()
    assert (frame["calendar"].isna() == (frame["session_reason"] == "no_calendar")).all()
    is_near = frame["news_event"] == True  # noqa: E712 - null is neither
    assert (frame["news_id"].notna() == is_near).all()
    assert (frame["news_minutes"].notna() == is_near).all()
    is_timed = (frame["market_session"] == "regular") & (frame["calendar"] != "24/7")
    for name in ("minutes_from_open", "minutes_to_close"):
        assert (frame[name].notna() == is_timed).all()

    described = frame.drop(columns=[*REASONS, "calendar", "news_event", *OPTIONAL])
    no_session = frame["session_reason"].notna()
    excused = list(FROM_CALENDARS)
    if world.terms["definition"].reads_the_clock:
        excused += ["relative_volume", "volume_profile"]
    lacking = described.isna()
    lacking.loc[no_session, excused] = False
    assert (lacking.any(axis=1) == frame["context_reason"].notna()).all()
    assert frame.loc[no_session, FROM_CALENDARS].isna().all(axis=None)


@law
@given(seed=SEEDS, scale=st.sampled_from([0.25, 2.0, 1024.0]))
def test_classes_do_not_depend_on_the_currency(draw_world, seed, scale):
    world = draw_world(seed, 60)
    scaled = world.bars
    for name in ("high", "low", "close"):
        # a power of two scales without rounding, so that ties stay ties
        scaled = replaced(scaled, name, pc.multiply(scaled[name], scale))
    words = [field.name for field in arrow_schema(MarketContext) if field.type == pa.string()]
    assert world.contexts(bars=scaled).select(words).equals(world.contexts().select(words))
