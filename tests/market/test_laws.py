"""What holds of a context whatever the bars: nothing later is ever in it."""

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

from perfkit.market import MarketState, context_asof
from perfkit.records import Bar, MarketContext, arrow_schema, conform, from_table

DAYS = st.integers(1, 70)
SEEDS = st.integers(0, 10_000)
law = settings(max_examples=25, deadline=None)


def known_at(cut, trades, bars):
    """The trades and bars of which a time could have known."""
    return (
        trades.filter(pc.less_equal(trades["execution_time"], cut)),
        bars.filter(pc.less_equal(bars["close_time"], cut)),
    )


def check_that_nothing_later_is_used(contexts, trades, bars, cut):
    """Contexts up to a time are the same whatever comes after it.

    The time should lie between two closes: at a close itself, a join on the open of
    the next bar would go unnoticed.
    """
    early, known = known_at(cut, trades, bars)
    expected = contexts(early, known)
    is_early = pc.less_equal(trades["execution_time"], cut)
    assert contexts(trades, bars).filter(is_early).equals(expected)

    later = pc.greater(bars["close_time"], cut)
    poisoned = bars
    for name in ("high", "low", "close", "volume"):
        at = bars.column_names.index(name)
        poison = pc.if_else(pc.and_(later, pc.is_valid(bars[name])), 1e9, bars[name])
        poisoned = poisoned.set_column(at, name, poison)
    assert contexts(early, poisoned).equals(expected)


@law
@given(seed=SEEDS, days=DAYS, cut=st.integers(-48, 24 * 72))
def test_a_context_is_the_same_whatever_comes_after_it(
    quick, random_bars, random_trades, seed, days, cut
):
    bars, trades = random_bars(seed, days), random_trades(seed, days, 40)
    time = pa.scalar(bars["close_time"][0].as_py() + timedelta(hours=cut))
    check_that_nothing_later_is_used(
        lambda t, b: context_asof(t, b, definition=quick), trades, bars, time
    )


def test_the_default_definition_knows_nothing_of_later_bars_either(random_bars, random_trades):
    bars, trades = random_bars(1, 400), random_trades(2, 400, 300)
    time = pa.scalar(bars["close_time"][0].as_py() + timedelta(days=330, hours=12))
    check_that_nothing_later_is_used(context_asof, trades, bars, time)


def centred_average(trades, bars):
    """A planted look-ahead: the moving average has the trade in its middle."""
    frame = bars.to_pandas()
    average = frame.groupby("symbol")["close"].rolling(5, center=True, min_periods=1).mean()
    frame["average"] = average.droplevel(0)
    asked = trades.to_pandas().reset_index().sort_values("execution_time", kind="stable")
    joined = pd.merge_asof(
        asked, frame, left_on="execution_time", right_on="close_time", by="symbol"
    )
    values = joined.set_index("index").sort_index()["average"]
    return replaced(context_asof(trades, bars), "moving_average", pa.array(values))


def full_sample_rank(trades, bars):
    """A planted look-ahead: volatility is ranked among that of all trades."""
    context = context_asof(trades, bars)
    rank = context["volatility"].to_pandas().rank(pct=True)
    return replaced(context, "volatility_rank", pa.array(rank))


def open_time_join(trades, bars):
    """A planted look-ahead: a bar is used from its open on, a day before its close."""
    later = pc.add(trades["execution_time"], pa.scalar(timedelta(days=1)))
    column = trades.column_names.index("execution_time")
    return context_asof(trades.set_column(column, "execution_time", later), bars)


def replaced(table, name, values):
    return table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize("planted", [centred_average, full_sample_rank, open_time_join])
def test_a_planted_look_ahead_is_caught(planted, random_bars, random_trades):
    bars, trades = random_bars(3, 60), random_trades(4, 60, 1000)
    time = pa.scalar(bars["close_time"][0].as_py() + timedelta(days=40, hours=12))
    with pytest.raises(AssertionError):
        check_that_nothing_later_is_used(planted, trades, bars, time)


@law
@given(seed=SEEDS, days=DAYS, cuts=st.lists(st.integers(0, 140), max_size=5))
def test_a_stream_of_bars_is_the_batch_in_any_batching(
    quick, random_bars, random_trades, seed, days, cuts
):
    bars, trades = random_bars(seed, days), random_trades(seed, days, 40)
    batch = context_asof(trades, bars, definition=quick)

    by_pieces = MarketState(definition=quick)
    edges = [0, *sorted(min(c, bars.num_rows) for c in cuts), bars.num_rows]
    taken = [by_pieces.on_bars(bars.slice(a, b - a)) for a, b in pairwise(edges)]
    assert sum(taken) == bars.num_rows
    assert by_pieces.contexts(trades["symbol"], trades["execution_time"]).equals(batch)


def test_bars_one_by_one_and_questions_one_by_one_are_the_batch(quick, random_bars, random_trades):
    bars, trades = random_bars(5, 70), random_trades(6, 70, 60)
    state = MarketState(definition=quick)
    for bar in from_table(conformed(bars), Bar):
        state.on_bar(bar)
    pairs = zip(trades["symbol"].to_pylist(), trades["execution_time"].to_pylist(), strict=True)
    one_by_one = [state.context_at(symbol, time) for symbol, time in pairs]
    batch = context_asof(trades, bars, definition=quick)
    assert one_by_one == from_table(batch, MarketContext)


def conformed(bars):
    return conform(bars, Bar)


@law
@given(seed=SEEDS, days=DAYS)
def test_live_answers_are_those_of_the_replay(quick, random_bars, random_trades, seed, days):
    bars, trades = random_bars(seed, days), random_trades(seed, days, 30)
    trades = trades.sort_by([("execution_time", "ascending")])
    state, live, seen = MarketState(definition=quick), [], 0
    for symbol, time in zip(*(trades[n].to_pylist() for n in trades.column_names), strict=True):
        closed = pc.sum(pc.less_equal(bars["close_time"], time)).as_py() or 0
        state.on_bars(bars.slice(seen, closed - seen))
        seen = closed
        live.append(state.contexts([symbol], [time]))
    assert pa.concat_tables(live).equals(context_asof(trades, bars, definition=quick))


@law
@given(seed=SEEDS, days=DAYS)
def test_the_order_of_trades_and_the_layout_of_symbols_do_not_matter(
    quick, random_bars, random_trades, seed, days
):
    bars, trades = random_bars(seed, days), random_trades(seed, days, 40)
    expected = context_asof(trades, bars, definition=quick)
    order = np.random.default_rng(seed).permutation(trades.num_rows)
    by_symbol = bars.sort_by([("symbol", "descending"), ("close_time", "ascending")])
    answer = context_asof(trades.take(order), by_symbol, definition=quick)
    assert answer.equals(expected.take(order))


@law
@given(seed=SEEDS, days=DAYS)
def test_a_null_has_a_reason_and_a_reason_has_a_null(quick, random_bars, random_trades, seed, days):
    context = context_asof(random_trades(seed, days, 40), random_bars(seed, days), definition=quick)
    assert context.schema.equals(arrow_schema(MarketContext))
    frame = context.to_pandas()
    described = frame.drop(columns=["market_session", "news_event", "context_reason"])
    is_incomplete = described.isna().any(axis=1)
    assert (is_incomplete == frame["context_reason"].notna()).all()
    assert not np.isinf(described.select_dtypes("number").to_numpy()).any()
    reasons = {"no_market_data", "stale", "warming_up", "undefined", "no_volume"}
    assert set(frame["context_reason"].dropna()) <= reasons


@law
@given(seed=SEEDS, scale=st.sampled_from([0.25, 2.0, 1024.0]))
def test_classes_do_not_depend_on_the_currency(quick, random_bars, random_trades, seed, scale):
    bars, trades = random_bars(seed, 60), random_trades(seed, 60, 40)
    scaled = bars
    for name in ("high", "low", "close"):
        at = bars.column_names.index(name)
        # a power of two scales without rounding, so that ties stay ties
        scaled = scaled.set_column(at, name, pc.multiply(bars[name], scale))
    classes = ["price_level", "volume_profile", "volatility_regime", "trend", "context_reason"]
    a, b = (context_asof(trades, x, definition=quick).select(classes) for x in (bars, scaled))
    assert a.equals(b)
