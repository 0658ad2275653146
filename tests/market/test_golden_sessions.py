"""Sessions on days that are known by hand, and on real bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perfkit.market.session_levels import SessionLevels
from perfkit.market.sessions import SESSION_WORDS, sessions_of

MINUTE = 60_000_000


def micros(*instants: str) -> np.ndarray:
    return np.array(instants, dtype="datetime64[us]").astype(np.int64)


def words(calendar: str, *instants: str) -> list[str]:
    return [SESSION_WORDS[c] for c in sessions_of(calendar).classify(micros(*instants)).code]


@pytest.mark.parametrize(
    ("instant", "session", "from_open", "to_close"),
    [
        # the day after Thanksgiving 2025: 4:00, 9:30, 13:00, 17:00 in New York, 5 h behind UTC
        ("2025-11-28T08:59:59.999999", "closed", None, None),
        ("2025-11-28T09:00", "pre_market", None, None),
        ("2025-11-28T14:29:59.999999", "pre_market", None, None),
        ("2025-11-28T14:30", "regular", 0, 210),
        ("2025-11-28T17:45", "regular", 195, 15),
        ("2025-11-28T18:00", "regular", 210, 0),
        ("2025-11-28T18:00:00.000001", "after_hours", None, None),
        ("2025-11-28T22:00", "after_hours", None, None),
        ("2025-11-28T22:00:00.000001", "closed", None, None),
        # the day before is Thanksgiving, the day after a Saturday
        ("2025-11-27T15:00", "closed", None, None),
        ("2025-11-29T15:00", "closed", None, None),
        # the Wednesday before closes at 16:00 and ends at 20:00
        ("2025-11-26T21:00", "regular", 390, 0),
        ("2025-11-27T01:00", "after_hours", None, None),
        ("2025-11-27T01:01", "closed", None, None),
    ],
)
def test_a_half_day_of_new_york(instant, session, from_open, to_close):
    columns = sessions_of("XNYS").classify(micros(instant))
    assert SESSION_WORDS[columns.code[0]] == session
    for minutes, expected in [
        (columns.minutes_from_open, from_open),
        (columns.minutes_to_close, to_close),
    ]:
        assert minutes.tolist() == pytest.approx(
            [np.nan if expected is None else expected], nan_ok=True
        )


def test_new_york_moves_its_clock_three_weeks_before_london():
    # Monday 2024-03-11: New York is on summer time since Sunday, London from 2024-03-31
    assert words("XNYS", "2024-03-08T14:29", "2024-03-08T14:30") == ["pre_market", "regular"]
    assert words("XNYS", "2024-03-11T13:29", "2024-03-11T13:30") == ["pre_market", "regular"]
    assert words("XNYS", "2024-03-11T20:00", "2024-03-11T20:01") == ["regular", "after_hours"]
    assert words("XNYS", "2024-03-11T07:59", "2024-03-11T08:00") == ["closed", "pre_market"]
    london = ["closed", "regular", "regular", "closed"]
    day = [f"2024-03-11T{time}" for time in ("07:59", "08:00", "16:30", "16:31")]
    assert words("XLON", *day) == london
    # both in summer: London opens at 7:00 UTC, in autumn it goes back a week before New York
    day = [f"2024-04-02T{time}" for time in ("06:59", "07:00", "15:30", "15:31")]
    assert words("XLON", *day) == london
    assert words("XLON", "2024-10-28T07:59", "2024-10-28T08:00") == ["closed", "regular"]
    assert words("XNYS", "2024-10-28T13:29", "2024-10-28T13:30") == ["pre_market", "regular"]
    assert words("XNYS", "2024-11-04T14:29", "2024-11-04T14:30") == ["pre_market", "regular"]


def test_a_lunch_break_is_closed_but_its_ends_are_not():
    # Hong Kong is 8 h ahead: 9:30 to 12:00 and 13:00 to 16:00
    day = [f"2024-03-11T{time}" for time in ("01:30", "04:00", "04:01", "04:59", "05:00", "08:00")]
    sessions = sessions_of("XHKG")
    assert words("XHKG", *day) == ["regular", "regular", "closed", "closed", "regular", "regular"]
    columns = sessions.classify(micros(*day))
    assert columns.minutes_from_open.tolist() == pytest.approx(
        [0, 150, np.nan, np.nan, 210, 390], nan_ok=True
    )
    opened = sessions.open_minutes(micros(*day))
    assert (opened - opened[0]).tolist() == pytest.approx([0, 150, 150, 150, 150, 330])
    # a bar that closes during the break tells of the morning
    numbers = sessions.of_bar(micros(*day))
    assert numbers[0] == -1
    assert len(set(numbers[1:].tolist())) == 1
    # 2024-02-09, the eve of the lunar new year, is a morning only
    assert words("XHKG", "2024-02-09T04:00", "2024-02-09T05:00") == ["regular", "closed"]


def test_one_instant_ends_a_futures_session_and_begins_the_next():
    # CME sessions run from 17:00 to 17:00 Chicago, 5 h behind UTC in October
    sessions = sessions_of("CMES")
    at = micros("2013-10-08T22:00")
    columns = sessions.classify(at)
    assert (columns.minutes_from_open[0], columns.minutes_to_close[0]) == (0, 1440)
    tuesday, wednesday = sessions.of_bar(at), sessions.of_bar(at + 1)
    assert sessions.close_of(tuesday) == at
    assert wednesday == tuesday + 1
    # nothing trades from Friday's close to Sunday's open
    weekend = ["2013-10-11T22:00", "2013-10-11T22:01", "2013-10-13T21:59", "2013-10-13T22:00"]
    assert words("CMES", *weekend) == ["regular", "closed", "closed", "regular"]
    opened = sessions.open_minutes(micros(*weekend))
    assert opened.tolist() == pytest.approx([opened[0]] * 4)


@pytest.fixture(scope="module")
def real_bars(shared_data):
    """Columns of real minute bars, which are stamped with their begin."""

    def read(name: str, symbol: str) -> pd.DataFrame:
        frame = pq.read_table(shared_data / "intraday" / name).to_pandas()
        frame = frame[frame["symbol"] == symbol].reset_index(drop=True)
        begin = pd.DatetimeIndex(frame["ts"]).as_unit("us")
        return frame.assign(begin=begin, close_time=begin.asi8 + MINUTE)

    return read


def levels_of(calendar: str, bars: pd.DataFrame) -> SessionLevels:
    levels = SessionLevels(sessions_of(calendar))
    columns = [bars[name].to_numpy(float) for name in ("close", "high", "low", "volume")]
    levels.append(bars["close_time"].to_numpy(), *columns)
    return levels


def test_the_night_of_the_es_future_belongs_to_the_session_of_the_day_after(real_bars):
    bars = real_bars("es_minute_trade_201310.parquet", "ES")
    sessions, times = sessions_of("CMES"), bars["close_time"].to_numpy()
    assert (sessions.classify(times).code == SESSION_WORDS.index("regular")).all()
    closes = pd.to_datetime(sessions.close_of(sessions.of_bar(times)), unit="us")
    # Sunday 22:00 to Monday 22:00 UTC is Monday's session, and so on to Friday
    assert sorted(set(closes.strftime("%a %H:%M"))) == sorted(
        f"{day} 22:00" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")
    )
    levels = levels_of("CMES", bars)
    for day in range(7, 11):
        begin, end = (pd.Timestamp(f"2013-10-{d:02}T22:00", tz="UTC") for d in (day - 1, day))
        session = bars[(bars["begin"] >= begin) & (bars["begin"] < end)]
        assert len(session) > 1_300
        answer = levels.asof(micros(f"2013-10-{day:02}T22:00"))
        assert answer["prior_high"] == session["high"].max()
        assert answer["prior_low"] == session["low"].min()
        assert answer["prior_close"] == session["close"].iloc[-1]
        area = [answer[name][0] for name in ("value_area_low", "value_area_high")]
        assert area[0] < answer["point_of_control"][0] < area[1]
        inside = session["volume"][session["close"].between(*area)].sum()
        assert 0.6 < inside / session["volume"].sum() < 0.85


@pytest.mark.parametrize("symbol", ["SPY", "BAC"])
def test_trades_before_and_after_hours_are_no_part_of_yesterdays_levels(real_bars, symbol):
    bars = real_bars("us_equity_minute_trade_201310.parquet", symbol)
    local = bars["begin"].dt.tz_convert("America/New_York")
    clock = local.dt.hour * 60 + local.dt.minute
    code = sessions_of("XNYS").classify(bars["close_time"].to_numpy() - MINUTE // 2).code
    # 4:00, 9:30, 16:00 and 20:00, by the minute in which a bar begins
    expected = np.select([clock < 240, clock < 570, clock < 960, clock < 1200], [3, 0, 1, 2], 3)
    np.testing.assert_array_equal(code, expected)
    assert set(code) == {0, 1, 2}

    is_regular = clock.between(570, 959)
    by_day = bars[is_regular].groupby(local[is_regular].dt.date)
    assert len(by_day) == 6
    levels = levels_of("XNYS", bars)
    beyond = 0
    for day, session in by_day:
        close = micros(f"{day}T20:00")
        answer = levels.asof(close)
        assert answer["prior_high"] == session["high"].max()
        assert answer["prior_low"] == session["low"].min()
        assert answer["prior_close"] == session["close"].iloc[-1]
        whole = bars[local.dt.date == day]
        beyond += whole["high"].max() > session["high"].max()
        # a microsecond before, the session is not over
        before = levels.asof(close - 1)
        assert before["prior_high"] != answer["prior_high"]
    assert beyond > 0
