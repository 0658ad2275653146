"""News: the nearest event that was known, held against a search through all of them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ConflictError, InvalidTableError, SchemaError
from perfkit.market import MarketState
from perfkit.market.news import News
from perfkit.records import NewsEvent, arrow_schema, to_table

BEGIN = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE = 60_000_000
SYMBOLS = ["AAPL", "MSFT", "BTC"]
CALENDARS = ["XNYS", "XNYS", None]
IMPORTANCE = {"high": 0, "medium": 1, "low": 2, None: 3}


def micros(time):
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def event(event_id="a", minutes=0, known=-60, **fields):
    return NewsEvent(
        event_id=event_id,
        event_time=BEGIN + timedelta(minutes=minutes),
        known_at=BEGIN + timedelta(minutes=known),
        **fields,
    )


def told(*events):
    news = News()
    news.add(to_table(events, NewsEvent))
    return news


def near(news, minutes, symbol="AAPL", window=30):
    """Id of the event near some minutes after BEGIN, and how far away it is."""
    times = np.array([micros(BEGIN + timedelta(minutes=minutes))])
    code = np.array([SYMBOLS.index(symbol)])
    found = news.near(SYMBOLS, code, times, CALENDARS, window * MINUTE)
    assert found.near[0] == (found.event[0] >= 0) == (not np.isnan(found.minutes[0]))
    return (news.ids[found.event[0]], found.minutes[0]) if found.near[0] else None


def naive(events, symbol, calendar, time, window):
    """The definition, word for word: (known, id of the event, minutes from it)."""
    known = [e for e in events if e.known_at <= time]
    latest = {}
    for each in known:
        if each.event_id not in latest or each.known_at > latest[each.event_id].known_at:
            latest[each.event_id] = each
    window = timedelta(minutes=window)
    hits = [
        e
        for e in latest.values()
        if abs(time - e.event_time) <= window
        and (
            e.symbol == symbol
            or (e.calendar is not None and e.calendar == calendar)
            or (e.symbol is None and e.calendar is None)
        )
    ]
    best = min(
        hits,
        key=lambda e: (abs(time - e.event_time), IMPORTANCE[e.importance], e.event_id),
        default=None,
    )
    if best is None:
        return bool(known), None, None
    return True, best.event_id, (time - best.event_time) / timedelta(minutes=1)


def answers(news, asked, window=30):
    times = np.array([micros(BEGIN + timedelta(minutes=m)) for _, m in asked], np.int64)
    codes = np.array([SYMBOLS.index(symbol) for symbol, _ in asked], np.int64)
    found = news.near(SYMBOLS, codes, times, CALENDARS, window * MINUTE)
    ids = [news.ids[e] if e >= 0 else None for e in found.event.tolist()]
    minutes = [None if np.isnan(m) else m for m in found.minutes.tolist()]
    assert found.near.tolist() == [name is not None for name in ids]
    return list(zip(found.known.tolist(), ids, minutes, strict=True))


@st.composite
def histories(draw):
    """Events on few minutes, so that ties, moves and late tidings do happen."""
    # ids of which one begins like the other, and one has all 64 characters
    ids = ["a", "a1", "B", "z" * 64, "z" * 63 + "y"]
    rows = draw(
        st.lists(
            st.builds(
                event,
                st.sampled_from(ids),
                st.integers(-4, 4).map(lambda n: 10 * n),
                st.just(-100) | st.integers(-12, 8).map(lambda n: 10 * n),
                symbol=st.sampled_from([None, None, None, "AAPL", "MSFT", "GOLD"]),
                calendar=st.sampled_from([None, None, "XNYS", "XLON"]),
                importance=st.sampled_from(list(IMPORTANCE)),
            ),
            max_size=25,
        )
    )
    return list({(e.event_id, e.known_at): e for e in rows}.values())


moments = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), st.integers(-16, 16).map(lambda n: 5 * n)), max_size=30
)
laws = settings(deadline=None, max_examples=150)


@laws
@given(histories(), moments, st.sampled_from([0, 10, 30, 75]))
def test_the_answer_is_that_of_a_search_through_all_events(events, asked, window):
    expected = [
        naive(events, s, CALENDARS[SYMBOLS.index(s)], BEGIN + timedelta(minutes=m), window)
        for s, m in asked
    ]
    assert answers(told(*events), asked, window) == expected


@laws
@given(histories(), moments, st.data())
def test_events_may_come_in_any_order_and_in_any_portions(events, asked, data):
    shuffled = data.draw(st.permutations(events))
    news, rest = News(), shuffled
    while rest:
        count = data.draw(st.integers(1, len(rest)))
        # some of what was told before is told again
        news.add(to_table([*rest[:count], *shuffled[:2]], NewsEvent))
        rest = rest[count:]
    assert answers(news, asked) == answers(told(*events), asked)


@laws
@given(histories(), moments, st.integers(-12, 12).map(lambda n: 10 * n))
def test_what_became_known_later_never_matters(events, asked, last):
    asked = [(symbol, min(minutes, last)) for symbol, minutes in asked]
    before = [e for e in events if e.known_at <= BEGIN + timedelta(minutes=last)]
    assert answers(told(*events), asked) == answers(told(*before), asked)


def test_an_event_is_near_up_to_the_window_on_both_sides():
    news = told(event("fomc", 0))
    assert near(news, -30) == ("fomc", -30.0)
    assert near(news, 0) == ("fomc", 0.0)
    assert near(news, 30) == ("fomc", 30.0)
    assert near(news, 30.0001) is None
    assert near(news, -30.0001) is None


def test_news_that_comes_out_is_near_only_afterwards():
    news = told(event("flash", 0, known=0))
    assert near(news, -1) is None
    assert near(news, 0) == ("flash", 0.0)


def test_news_counts_from_when_it_was_known_not_from_when_it_happened():
    news = told(event("late", 0, known=20))
    assert near(news, 19) is None
    assert near(news, 20) == ("late", 20.0)


def test_a_moved_event_counts_at_its_old_time_until_the_move_was_known():
    news = told(event("fomc", 0, known=-600), event("fomc", 120, known=-10))
    assert near(news, -11) == ("fomc", -11.0)
    assert near(news, -10) is None
    assert near(news, 0) is None
    assert near(news, 100) == ("fomc", -20.0)


def test_an_event_may_be_moved_back_and_change_whom_it_concerns():
    news = told(
        event("call", 0, known=-60, symbol="AAPL"),
        event("call", 0, known=-20, symbol="MSFT"),
        event("call", 0, known=-10, symbol="AAPL"),
    )
    assert [near(news, m) is not None for m in (-25, -15, -5)] == [True, False, True]
    assert [near(news, m, "MSFT") is not None for m in (-25, -15, -5)] == [False, True, False]


@pytest.mark.parametrize(
    ("whom", "concerned"),
    [
        ({}, ["AAPL", "MSFT", "BTC"]),
        ({"symbol": "AAPL"}, ["AAPL"]),
        ({"calendar": "XNYS"}, ["AAPL", "MSFT"]),
        ({"calendar": "XLON"}, []),
        ({"symbol": "BTC", "calendar": "XNYS"}, ["AAPL", "MSFT", "BTC"]),
    ],
)
def test_an_event_concerns_its_symbol_its_calendar_or_everyone(whom, concerned):
    news = told(event(**whom))
    assert [s for s in SYMBOLS if near(news, 0, s)] == concerned


def test_the_nearest_event_is_found_then_the_most_important_then_the_first_by_id():
    assert near(told(event("far", 20, importance="high"), event("close", -10)), 0)[0] == "close"
    same = [event("a", 10, importance="low"), event("b", -10, importance="high"), event("c", 10)]
    assert near(told(*same), 0)[0] == "b"
    assert near(told(event("b10", 5), event("b1", -5), event("b2", 5)), 0)[0] == "b1"
    # whatever their order, on one side and on both
    for ties in ([event("y", 5), event("x", 5)], [event("y", -5), event("x", -5)],
                 [event("y", -5), event("x", 5)], [event("y", 5), event("x", -5)]):  # fmt: skip
        assert near(told(*ties), 0)[0] == near(told(*ties[::-1]), 0)[0] == "x"


def test_whether_anything_was_known_is_told_apart_from_whether_it_is_near():
    news = told(event("elsewhere", 600, known=0, symbol="GOLD"))
    found = answers(news, [("AAPL", -1), ("AAPL", 0)])
    assert found == [(False, None, None), (True, None, None)]


def test_without_events_nothing_was_known():
    assert answers(News(), [("AAPL", 0), ("BTC", 5)]) == [(False, None, None)] * 2
    found = told(event()).near([], np.empty(0, np.int64), np.empty(0, np.int64), [], MINUTE)
    assert [len(column) for column in found] == [0, 0, 0, 0]


def test_the_same_again_is_left_out_and_a_contradiction_is_refused():
    news, first = News(), to_table([event("a", title="t")], NewsEvent)
    assert (news.add(first), news.add(first), news.ids) == (1, 0, ["a"])
    stamped = to_table([event("a", title="t", recorded_at=BEGIN)], NewsEvent)
    assert news.add(stamped) == 0  # when it was stored is not what it says
    with pytest.raises(ConflictError) as error:
        news.add(to_table([event("new"), event("a", 5, title="t")], NewsEvent))
    for word in ("'a'", "event_time was 2024-01-31 12:00", "is now 2024-01-31 12:05", "known_at"):
        assert word in str(error.value)
    assert "title" not in str(error.value)
    assert news.ids == ["a"]
    with pytest.raises(ConflictError, match="importance was None and is now 'high'"):
        news.add(to_table([event("b"), event("b", importance="high")], NewsEvent))
    assert near(news, 0) == ("a", 0.0)


def test_optional_columns_may_be_absent_and_units_of_time_differ():
    rows = pa.table(
        {
            "event_id": ["a"],
            "event_time": pa.array([micros(BEGIN) * 1000], pa.timestamp("ns", "Europe/Zurich")),
            "known_at": pa.array([micros(BEGIN) // 1_000_000], pa.timestamp("s", "UTC")),
        }
    )
    news = News()
    assert news.add(rows) == 1
    assert near(news, 5) == ("a", 5.0)
    assert news.add(arrow_schema(NewsEvent).empty_table()) == 0


def test_news_that_does_not_say_when_it_was_known_is_refused_with_the_reason():
    rows = to_table([event("a"), event("fed")], NewsEvent)
    with pytest.raises(SchemaError, match=r"'known_at'.*day its schedule was published"):
        News().add(rows.drop_columns("known_at"))
    place = rows.column_names.index("known_at")
    holes = pa.array([micros(BEGIN), None], pa.timestamp("us", "UTC"))
    with pytest.raises(InvalidTableError) as error:
        News().add(rows.set_column(place, "known_at", holes))
    for word in ("1 of 2", "row 1", "'fed'", "known_at must be given", "time the news came out"):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("event_id", ["a b"], "event_id must match"),
        ("event_id", [None], "event_id must match"),
        ("importance", ["huge"], "importance must be one of low, medium, high, was 'huge'"),
        ("symbol", [""], "symbol must be 1 to 64 printable characters"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused(column, values, message):
    rows = to_table([event()], NewsEvent)
    rows = rows.set_column(rows.column_names.index(column), column, pa.array(values, pa.string()))
    news = News()
    with pytest.raises(InvalidTableError, match=message):
        news.add(rows)
    assert news.ids == []


def test_times_without_a_zone_and_unknown_columns_are_refused():
    rows = to_table([event()], NewsEvent)
    naive_times = rows["event_time"].cast(pa.timestamp("us"))
    with pytest.raises(SchemaError, match=r"event_time.*timestamp with a zone"):
        News().add(rows.set_column(1, "event_time", naive_times))
    with pytest.raises(SchemaError, match=r"unknown.*'impact'"):
        News().add(rows.append_column("impact", pa.array(["high"])))


@pytest.fixture(scope="module")
def fomc(shared_data):
    """The FOMC's statements of 2014 to 2016, known from the day that their year began."""
    rows = pcsv.read_csv(shared_data / "events" / "fomc_statements_2014_2016.csv").to_pylist()
    return told(
        *(
            NewsEvent(
                event_id=f"FOMC-{row['ts_utc']:%Y-%m-%d}",
                event_time=row["ts_utc"].replace(tzinfo=UTC),
                known_at=datetime(row["ts_utc"].year, 1, 1, tzinfo=UTC),
                importance=row["impact"],
            )
            for row in rows
        )
    )


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        # the statement of 17 December 2014 came at 14:00 in New York, winter time: 19:00 UTC
        ("2014-12-17T18:29:59", None),
        ("2014-12-17T18:30", ("FOMC-2014-12-17", -30.0)),
        ("2014-12-17T19:30", ("FOMC-2014-12-17", 30.0)),
        # the one of 18 March 2015 came in summer time: 18:00 UTC
        ("2015-03-18T18:05", ("FOMC-2015-03-18", 5.0)),
        ("2015-03-18T19:05", None),
        # an afternoon without a statement
        ("2015-03-19T18:05", None),
    ],
)
def test_fomc_afternoons(fomc, utc, expected):
    times = np.array([np.datetime64(utc, "us").astype(np.int64)])
    found = fomc.near(["SPY"], np.zeros(1, np.int64), times, [None], 30 * MINUTE)
    answer = (fomc.ids[found.event[0]], found.minutes[0]) if found.near[0] else None
    assert (found.known[0], answer) == (True, expected)


def test_a_burst_of_tweets_is_near_the_trades_that_follow_it(shared_data):
    tweets = pq.read_table(shared_data / "events" / "aapl_tweet_times.parquet")
    times = tweets["ts"].cast(pa.int64()).to_numpy()
    news = News()
    assert len(times) == 20_850
    news.add(
        pa.table(
            {
                "event_id": [f"tweet-{n}" for n in range(len(times))],
                "event_time": tweets["ts"],
                "known_at": tweets["ts"],
                "symbol": ["AAPL"] * len(times),
            }
        )
    )
    rng = np.random.default_rng(7)
    trades = np.sort(rng.integers(times.min() - 10**12, times.max() + 10**12, 200_000))
    found = news.near(["MSFT", "AAPL"], np.ones(len(trades), int), trades, [None, None], 5 * MINUTE)
    # a tweet is known when it is written, so the nearest is the last one before
    last = np.searchsorted(times, trades, side="right") - 1
    apart = np.where(last >= 0, trades - times[last], 10**18)
    assert found.near.tolist() == (apart <= 5 * MINUTE).tolist()
    assert 0 < found.near.sum() < len(trades)
    assert found.known.tolist() == (trades >= times[0]).tolist()
    np.testing.assert_array_equal(found.minutes[found.near], apart[found.near] / 60e6)
    other = news.near(["MSFT", "AAPL"], np.zeros(1, int), trades[found.near][:1], [None, None], 10)
    assert not other.near.any()


@pytest.mark.parametrize(
    ("of_market", "of_news", "concerns"),
    [
        ("XNYS", "NYSE", True),
        ("NYSE", "XNYS", True),
        ("NASDAQ", "XNAS", True),  # exchange_calendars: both are aliases of XNYS
        ("24/7", "24/7", True),
        ("XLON", "NYSE", False),
    ],
)
def test_a_calendar_is_the_same_under_all_its_names(of_market, of_news, concerns):
    market = MarketState(of_market)
    market.on_news(to_table([event(calendar=of_news)], NewsEvent))
    context = market.context_at("AAPL", BEGIN)
    assert context.news_event is concerns
    assert context.calendar == of_market  # as the desk says it


def test_news_of_a_calendar_that_does_not_exist_is_refused():
    events = [event("a"), event("b", calendar="NYSE"), event("c", calendar="XNYZ")]
    market = MarketState()
    with pytest.raises(InvalidTableError, match=r"row 2: .*'c': calendar.*'XNYZ'; did you mean"):
        market.on_news(to_table(events, NewsEvent))
    assert market.context_at("AAPL", BEGIN).news_reason == "no_events"


def test_news_that_is_no_table_is_refused():
    for events in ([event()], to_table([event()], NewsEvent).to_pandas(), 5):
        with pytest.raises(SchemaError, match=r"news must be a pyarrow\.Table, was .*to_table"):
            MarketState().on_news(events)


def test_exchange_calendars_is_not_loaded_where_no_calendar_is_named():
    code = (
        "import sys; from perfkit.market import MarketState; from perfkit.records import NewsEvent,"
        "to_table; from datetime import datetime, UTC; t = datetime(2024, 1, 1, tzinfo=UTC);"
        "s = MarketState(); s.on_news(to_table([NewsEvent(event_id='a', event_time=t, known_at=t,"
        "symbol='X')], NewsEvent)); s.context_at('X', t);"
        "assert 'exchange_calendars' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
