"""Levels of the session before: by hand, by a naive second count, and their laws."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.market import session_levels
from perfkit.market.session_levels import LEAST_BARS, LEVELS, ROWS, SessionLevels
from perfkit.market.sessions import sessions_of

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
law = settings(max_examples=40, deadline=None)

FIRST = int(np.datetime64("2024-03-04", "us").astype(np.int64))  # a Monday


def levels_of(bars, calendar="24/7") -> SessionLevels:
    levels = SessionLevels(sessions_of(calendar))
    levels.append(*bars)
    return levels


def bars_of(*rows, first=FIRST, step=HOUR):
    """Bars from rows of (low, high, close, volume), one a step, the first closing after one."""
    low, high, close, volume = np.array(rows, dtype=float).T
    return first + step * np.arange(1, len(rows) + 1), close, high, low, volume


def after(levels, time=FIRST + DAY) -> dict[str, float]:
    return {name: float(column[0]) for name, column in levels.asof(np.array([time])).items()}


def profile(by_price: dict[float, float], low=100.0, high=100.0 + ROWS):
    """A session in which so much traded at each price, whose rows are one wide."""
    ends = [(low, low, low, 0.0), (high, high, high, 0.0)]
    return bars_of(*[(price, price, price, volume) for price, volume in by_price.items()], *ends)


def test_the_session_before_is_the_last_one_over_with_its_extremes_and_its_last_close():
    bars = bars_of((9, 12, 10, 1), (8, 11, 9, 1), first=FIRST)
    later = bars_of((1, 50, 20, 1), first=FIRST + DAY)
    levels = levels_of(bars)
    levels.append(*later)
    names = ("prior_high", "prior_low", "prior_close")
    times = np.array([FIRST + DAY - 1, FIRST + DAY, FIRST + 2 * DAY - 1, FIRST + 2 * DAY])
    found = levels.asof(times)
    assert [found[name][1] for name in names] == [12, 8, 9]
    assert [found[name][2] for name in names] == [12, 8, 9]
    assert [found[name][3] for name in names] == [50, 1, 20]
    assert all(math.isnan(found[name][0]) for name in LEVELS)


def test_a_session_without_bars_is_passed_over():
    # the market was open on Tuesday, this symbol did not trade
    levels = levels_of(bars_of((9, 12, 10, 1)))
    assert after(levels, FIRST + 5 * DAY)["prior_high"] == 12


def test_bars_of_no_session_say_nothing():
    # 2024-03-03 is a Sunday; 08:00 and 21:30 UTC are before and after hours in New York
    sunday = bars_of((1, 99, 5, 7), first=FIRST - DAY)
    levels = levels_of(sunday, "XNYS")
    levels.append(*bars_of((1, 99, 5, 7), first=FIRST + 7 * HOUR))
    assert math.isnan(after(levels, FIRST + 2 * DAY)["prior_high"])
    levels.append(*bars_of((9, 12, 10, 1), first=FIRST + 15 * HOUR))
    levels.append(*bars_of((1, 99, 5, 7), first=FIRST + 21 * HOUR))
    assert after(levels, FIRST + 2 * DAY)["prior_high"] == 12
    # New York closes at 16:00, which is 21:00 UTC
    assert after(levels, FIRST + 21 * HOUR)["prior_high"] == 12
    assert math.isnan(after(levels, FIRST + 21 * HOUR - 1)["prior_high"])


def test_a_bar_that_closes_with_the_session_belongs_to_it_and_one_at_its_open_does_not():
    at_open = bars_of((1, 99, 5, 7), first=FIRST + 14 * HOUR + 30 * MINUTE, step=0)
    at_close = bars_of((9, 12, 10, 1), first=FIRST + 21 * HOUR, step=0)
    levels = levels_of(at_open, "XNYS")
    levels.append(*at_close)
    assert after(levels)["prior_high"] == 12


def test_the_value_area_of_the_handbooks_example():
    """The worked example that goes with the CBOT's rule for volume: 554 contracts, 70 % of
    which are 388; 150 at 106, then 90 at 107, 80 at 108 and 70 at 105 make 390. What the
    example leaves open of the 554 is put at 109, 104, 103 and 110, each below 70.
    """
    by_price = {106: 150, 107: 90, 108: 80, 105: 70, 109: 50, 104: 50, 103: 40, 110: 24}
    assert sum(by_price.values()) == 554
    found = after(levels_of(profile({p + 0.5: v for p, v in by_price.items()})))
    assert found["point_of_control"] == 106.5
    assert (found["value_area_low"], found["value_area_high"]) == (105.0, 109.0)


def test_one_price_with_most_of_the_volume_is_the_value_area():
    found = after(levels_of(profile({110.5: 70, 115.5: 20, 103.5: 10})))
    assert found["point_of_control"] == 110.5
    assert (found["value_area_low"], found["value_area_high"]) == (110.0, 111.0)


def test_a_value_area_reaches_to_the_ends_of_the_range_and_no_further():
    # 30 of 90 in the top row, nothing above it: rows below are added until 63 are held
    found = after(levels_of(profile({123.5: 30, 100.5: 29, 110.5: 31})))
    assert found["point_of_control"] == 110.5
    # 31 + 0 ... up through empty rows first, for equals go up: 123.5 makes 61, then down to 100.5
    assert (found["value_area_low"], found["value_area_high"]) == (100.0, 124.0)


def test_of_equal_rows_the_one_nearest_the_middle_is_in_control_then_the_lower():
    # the middle of 100 to 124 is 112
    assert after(levels_of(profile({102.5: 9, 114.5: 9})))["point_of_control"] == 114.5
    assert after(levels_of(profile({110.5: 9, 113.5: 9})))["point_of_control"] == 110.5


def test_the_volume_of_a_bar_is_spread_evenly_from_its_low_to_its_high():
    # rows are 1 wide. 24 over 100..124 is 1 a row; 4 over 110.5..112.5 is 1, 2 and 1; of 30 at
    # 111.25 the row of 111 has all, and 33 of 61 in the end; 3 over 104..105 fills one row
    wide, two, point, row = (100, 124, 24), (110.5, 112.5, 4), (111.25, 111.25, 30), (104, 105, 3)
    bars = bars_of(*[(low, high, low, volume) for low, high, volume in (wide, two, point, row)])
    found = after(levels_of(bars))
    # 61 in all, 42.7 wanted: 33, with 112 and 110 (2 each) 37, then up (equals) 113 ... 117: 42,
    # 118: 43
    assert found["point_of_control"] == 111.5
    assert (found["value_area_low"], found["value_area_high"]) == (110.0, 119.0)


def test_a_session_at_one_price_has_all_its_levels_there():
    found = after(levels_of(bars_of(*[(5, 5, 5, 1)] * LEAST_BARS)))
    assert set(found.values()) == {5.0}


@pytest.mark.parametrize(
    "rows",
    [
        [(9, 12, 10, 100)],  # a daily bar
        [(9, 12, 10, 100)] * (LEAST_BARS - 1),
        [(9, 12, 10, 0)] * 9,
        [(9, 12, 10, 100)] * 8 + [(9, 12, 10, math.nan)],
        [(9, 12, 10, math.nan)] * 9,
        [(-1e308, 1e308, 0, 100)] * 9,  # its range is beyond float64
        [(0, 5e-324, 0, 100)] * 9,  # as is a part of this one
    ],
)
def test_where_volume_traded_is_not_known_of_few_bars_or_without_volume(rows):
    found = after(levels_of(bars_of(*rows)))
    assert (found["prior_high"], found["prior_low"]) == (rows[0][1], rows[0][0])
    for name in ("point_of_control", "value_area_low", "value_area_high"):
        assert math.isnan(found[name])


def test_a_bar_that_comes_after_the_close_was_asked_about_still_counts():
    bars = bars_of((9, 12, 10, 1), (8, 11, 9, 1), (7, 9, 8, 3), (9, 20, 12, 4))
    levels = SessionLevels(sessions_of("24/7"))
    for row in range(4):
        levels.append(*(column[row : row + 1] for column in bars))
        assert after(levels) == pytest.approx(
            after(levels_of([c[: row + 1] for c in bars])), nan_ok=True
        )
    assert after(levels)["prior_high"] == 20


def naive_levels(sessions, bars, time):
    """The same definition, counted again by one bar and row at a time, in exact fractions.

    Prices are taken as the decimals that they are printed as.
    """
    by_session = {}
    numbers = sessions.of_bar(bars[0]).tolist()
    for number, *bar in zip(numbers, *bars[1:], strict=True):
        if number >= 0 and sessions.close_of(np.array([number]))[0] <= time:
            by_session.setdefault(number, []).append(bar)
    found = dict.fromkeys(LEVELS, math.nan)
    if not by_session:
        return found
    session = by_session[max(by_session)]
    found["prior_close"] = session[-1][0]
    found["prior_high"], found["prior_low"] = max(b[1] for b in session), min(b[2] for b in session)
    if len(session) < LEAST_BARS or not sum(b[3] for b in session) > 0:
        return found
    ranges = [
        (*(Fraction(str(round(x, 6))) for x in (b[2], b[1])), Fraction(b[3])) for b in session
    ]
    bottom, top = min(r[0] for r in ranges), max(r[1] for r in ranges)
    edges = [bottom + (top - bottom) * k / ROWS for k in range(ROWS + 1)]
    volumes = [Fraction(0)] * ROWS
    for low, high, volume in ranges:
        for k in range(ROWS):
            if high > low:
                shared = max(Fraction(0), min(high, edges[k + 1]) - max(low, edges[k]))
                volumes[k] += volume * shared / (high - low)
            elif edges[k] <= low < edges[k + 1] or (k == ROWS - 1 and low == top):
                volumes[k] += volume
    control = max(range(ROWS), key=lambda k: (volumes[k], -abs(2 * k - ROWS + 1), -k))
    rows = [control]
    while 10 * sum(volumes[k] for k in rows) < 7 * sum(volumes):
        beside = [k for k in (max(rows) + 1, min(rows) - 1) if 0 <= k < ROWS]
        rows.append(max(beside, key=lambda k: (volumes[k], k)))
    found["point_of_control"] = float((edges[control] + edges[control + 1]) / 2)
    found["value_area_low"] = float(edges[min(rows)])
    found["value_area_high"] = float(edges[max(rows) + 1])
    return found


def random_bars(seed, size, step):
    """Bars on prices of whole ticks, so that rows and bars do share edges, with gaps in time."""
    rng = np.random.default_rng(seed)
    times = FIRST + step * np.cumsum(rng.integers(1, 4, size))
    close = 100 + np.cumsum(rng.integers(-3, 4, size)) * 0.25
    high, low = close + rng.integers(0, 5, size) * 0.25, close - rng.integers(0, 5, size) * 0.25
    volume = rng.integers(0, 9, size) * 100.0
    volume[rng.random(size) < 0.002] = math.nan
    return times, close, high, low, volume


def assert_same(found, expected):
    for name in LEVELS:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("calendar", "step"), [("XNYS", 10 * MINUTE), ("CMES", HOUR), ("24/7", HOUR)]
)
def test_levels_of_random_bars_are_those_of_a_naive_count(calendar, step, seed):
    bars, sessions = random_bars(seed, 300, step), sessions_of(calendar)
    levels = levels_of(bars, calendar)
    for time in np.linspace(bars[0][0], bars[0][-1] + 2 * DAY, 25).astype(np.int64):
        found, expected = after(levels, time), naive_levels(sessions, bars, time)
        assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("file", "symbol", "calendar"),
    [
        ("es_minute_trade_201310.parquet", "ES", "CMES"),
        ("us_equity_minute_trade_201310.parquet", "SPY", "XNYS"),
        ("us_equity_minute_trade_201310.parquet", "BAC", "XNYS"),
        ("aapl_minute_trade_split_201406.parquet", "AAPL", "XNYS"),
        ("btcusd_minute_trade.parquet", "BTCUSD", "24/7"),
    ],
)
def test_levels_of_real_bars_are_those_of_a_naive_count(shared_data, file, symbol, calendar):
    frame = pq.read_table(shared_data / "intraday" / file).to_pandas()
    frame = frame[frame["symbol"] == symbol]
    times = frame["ts"].dt.as_unit("us").astype("int64").to_numpy() + MINUTE
    bars = (times, *(frame[n].to_numpy(float) for n in ("close", "high", "low", "volume")))
    sessions = sessions_of(calendar)
    levels = levels_of(bars, calendar)
    closes = np.unique(sessions.close_of(sessions.of_bar(times)))
    checked = 0
    for time in closes[closes < np.iinfo(np.int64).max]:
        found, expected = after(levels, time), naive_levels(sessions, bars, time)
        assert found == pytest.approx(expected, rel=1e-12)
        checked += 1
    assert checked >= 3


@law
@given(
    seed=st.integers(0, 10_000),
    calendar=st.sampled_from(["XNYS", "CMES", "24/7"]),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    asks=st.lists(st.integers(-2, 20 * 24), max_size=12),
)
def test_any_batching_and_any_questions_between_give_the_same_levels(seed, calendar, cuts, asks):
    bars = random_bars(seed, 400, 20 * MINUTE)
    times = np.append(bars[0], FIRST + np.arange(-1, 40) * (DAY // 2))
    expected = levels_of(bars, calendar).asof(times)
    levels, edges = SessionLevels(sessions_of(calendar)), sorted({0, *cuts, 400})
    for number, (start, stop) in enumerate(itertools.pairwise(edges)):
        levels.append(*(column[start:stop] for column in bars))
        if number < len(asks):
            levels.asof(np.array([FIRST + asks[number] * HOUR]))
    assert_same(levels.asof(times), expected)


@law
@given(
    seed=st.integers(0, 10_000),
    calendar=st.sampled_from(["XNYS", "CMES", "24/7"]),
    hours=st.integers(0, 400),
)
def test_no_level_is_read_from_a_bar_that_closes_later(seed, calendar, hours):
    bars = random_bars(seed, 400, 30 * MINUTE)
    time = FIRST + hours * HOUR
    known = bars[0] <= time
    expected = levels_of([column[known] for column in bars], calendar).asof(np.array([time]))
    for poison in (1e9, math.nan):
        poisoned = [bars[0], *(np.where(known, column, poison) for column in bars[1:])]
        assert_same(levels_of(poisoned, calendar).asof(np.array([time])), expected)


@law
@given(seed=st.integers(0, 10_000), data=st.data())
def test_times_are_answered_alike_alone_together_and_in_any_order(seed, data):
    levels = levels_of(random_bars(seed, 300, 30 * MINUTE), "XNYS")
    times = np.array(
        data.draw(st.lists(st.integers(FIRST - DAY, FIRST + 20 * DAY), min_size=1, max_size=20))
    )
    order = np.array(data.draw(st.permutations(range(len(times)))))
    together = levels.asof(times)
    alone = [levels.asof(times[n : n + 1]) for n in range(len(times))]
    assert_same(together, {name: np.concatenate([row[name] for row in alone]) for name in LEVELS})
    assert_same(levels.asof(times[order]), {n: c[order] for n, c in together.items()})


@law
@given(seed=st.integers(0, 10_000), price=st.integers(-20, 20), volume=st.integers(-20, 20))
def test_levels_scale_with_prices_and_not_with_volume(seed, price, volume):
    times, close, high, low, traded = random_bars(seed, 200, 30 * MINUTE)
    asked = FIRST + np.arange(12) * DAY
    expected = levels_of((times, close, high, low, traded)).asof(asked)
    by, of = 2.0**price, 2.0**volume  # a power of two is exact
    scaled = levels_of((times, close * by, high * by, low * by, traded * of)).asof(asked)
    assert_same(scaled, {name: column * by for name, column in expected.items()})


def test_the_kernels_count_as_their_python_does():
    _, close, high, low, volume = random_bars(3, 200, HOUR)
    bars, starts = np.array([close, high, low, np.nan_to_num(volume)]), np.array([0, 3, 80, 200])
    compiled, plain = np.full((2, len(LEVELS), 4), math.nan)
    session_levels._fill_levels(bars, starts, compiled, 1)
    session_levels._fill_levels.py_func(bars, starts, plain, 1)
    # the compiled sums may be taken in another order
    np.testing.assert_allclose(compiled, plain, rtol=1e-12)


def test_no_bars_are_no_levels_and_no_times_no_answers():
    levels = SessionLevels(sessions_of("XNYS"))
    empty = np.empty(0, dtype=np.int64)
    levels.append(empty, *[np.empty(0)] * 4)
    assert math.isnan(after(levels, np.iinfo(np.int64).max)["prior_high"])
    assert {name: len(column) for name, column in levels.asof(empty).items()} == dict.fromkeys(
        LEVELS, 0
    )
