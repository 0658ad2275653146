"""Importing news by the command, and the calendar of the desk."""

from __future__ import annotations

import json

import pytest

from perfkit.store import TradeStore

SCHEDULE = (
    "What,When,Weight\n"
    "FOMC,2024-01-31 14:00,HIGH\n"
    "FOMC,2024-03-20 14:00,HIGH\n"
)  # fmt: skip
COLUMNS = ("--column", "title=What", "--column", "event_time=When", "--column", "importance=Weight")
ZONE = ("--zone", "America/New_York")
OWNER = ("--account", "main", "--strategy", "trend")


@pytest.fixture
def schedule(tmp_path):
    path = tmp_path / "fomc.csv"
    path.write_text(SCHEDULE)
    return path


def fill(time):
    return json.dumps(
        {
            "trade_id": "t1", "execution_time": time, "symbol": "SPY", "side": "buy",
            "price": 100.0, "volume": 10,
        }
    )  # fmt: skip


def contexts(uri):
    rows = TradeStore(uri).read("trades", columns=["market_context"]).to_pylist()
    return [row["market_context"] for row in rows]


def test_news_is_imported_once_and_describes_the_trades_that_follow(perfkit, tmp_path, schedule):
    into = tmp_path / "history"
    words = ("import-news", schedule, "--into", into, *COLUMNS, *ZONE, "--known-at", "2023-06-20")
    first, again = perfkit(*words), perfkit(*words)
    assert (first.code, again.code) == (0, 0), first.err + again.err
    lines = [line.split()[:2] for line in first.out.splitlines() if line]
    assert lines[:3] == [["read", "2"], ["accepted", "2"], ["skipped", "0"]]
    assert lines[3:] == [["refused", "0"], ["recorded", "2"]]
    assert again.out.splitlines()[-1].endswith("2 known before")
    assert perfkit("record", "--into", into, *OWNER, stdin=fill("2024-01-31T19:10:00Z")).code == 0
    (context,) = contexts(into)
    assert (context["news_event"], context["news_minutes"]) == (True, 10.0)


def test_a_schedule_that_does_not_say_when_it_was_known_is_refused(perfkit, tmp_path, schedule):
    answer = perfkit("import-news", schedule, "--into", tmp_path / "h", *COLUMNS, *ZONE)
    assert answer.code == 1
    assert "known_at" in answer.err
    assert "schedule was published" in answer.err.replace("\n", " ")
    assert not (tmp_path / "h").exists()


def test_refused_events_stop_the_file_unless_they_are_accepted(perfkit, tmp_path, schedule):
    schedule.write_text(SCHEDULE + "FOMC,2024-05-01,HIGH\n")
    words = ("import-news", schedule, "--into", tmp_path / "h", *COLUMNS, *ZONE)
    words = (*words, "--known-at", "2023-06-20", "--calendar", "XNYS")
    refused = perfkit(*words)
    assert (refused.code, "line 4: event_time must be a moment" in refused.out) == (1, True)
    assert not (tmp_path / "h").exists()
    assert perfkit(*words, "--accept-refused").code == 0
    news = TradeStore(tmp_path / "h").read("news")
    assert news["calendar"].to_pylist() == ["XNYS", "XNYS"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--column", "title"), "--column must be field=column, was 'title'"),
        (("--column", "headline=What"), "they are event_id, event_time"),
        ((*COLUMNS, "--zone", "Mars/Base", "--known-at", "2023-06-20"), "IANA name"),
        ((*COLUMNS, "--known-at", "2023-06-20"), "known_at must have a zone"),
    ],
)
def test_a_wrong_option_is_named(perfkit, tmp_path, schedule, words, says):
    answer = perfkit("import-news", schedule, "--into", tmp_path / "h", *words)
    assert answer.code == 1
    assert says in answer.err.replace("\n", " ")
    assert not (tmp_path / "h").exists()


def test_trades_are_described_by_the_calendar_of_the_settings(perfkit, tmp_path, monkeypatch):
    monkeypatch.setenv("PERFKIT_CALENDAR", "XNYS")
    # 14:40 UTC in January is 09:40 in New York, ten minutes after the open
    answer = perfkit("record", "--into", tmp_path / "a", *OWNER, stdin=fill("2024-01-31T14:40:00Z"))
    assert answer.code == 0, answer.err
    (context,) = contexts(tmp_path / "a")
    assert (context["market_session"], context["minutes_from_open"]) == ("regular", 10.0)
    file = tmp_path / "trades.csv"
    file.write_text(
        "trade_id,execution_time,symbol,side,price,volume\n"
        "t1,2024-01-31T22:00:00Z,SPY,buy,100,10\n"
    )  # fmt: skip
    assert perfkit("import", file, "--into", tmp_path / "b", *OWNER).code == 0
    (context,) = contexts(tmp_path / "b")
    assert context["market_session"] == "after_hours"


def test_without_a_calendar_the_session_is_not_known(perfkit, tmp_path):
    perfkit("record", "--into", tmp_path / "a", *OWNER, stdin=fill("2024-01-31T14:40:00Z"))
    (context,) = contexts(tmp_path / "a")
    assert (context["market_session"], context["session_reason"]) == (None, "no_calendar")


def test_a_calendar_that_does_not_exist_is_named(perfkit, tmp_path, monkeypatch):
    monkeypatch.setenv("PERFKIT_CALENDAR", "XNYSE")
    answer = perfkit("record", "--into", tmp_path / "a", *OWNER, stdin=fill("2024-01-31T14:40:00Z"))
    assert answer.code == 1
    assert "'XNYSE'" in answer.err
    assert not (tmp_path / "a").exists()
