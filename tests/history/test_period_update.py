"""The update of stored rows: only what grew is computed, and nothing can tell it was."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from perfkit.cluster import map_reduce
from perfkit.history import History, period_reading
from perfkit.history.period_plan import Question, plan
from perfkit.history.period_reading import period_rows
from perfkit.history.periods import period_table
from perfkit.records import Bar, CashKind, NewsEvent
from perfkit.store import Snapshot, TradeStore, compact
from perfkit.tracker import TradeTracker
from tests.history.random_desks import START, bars_of, cash_of, fills_of, recorded, split_of

WHOLE = "everything"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("original"))


@pytest.fixture
def desk(original, tmp_path):
    shutil.copytree(original, tmp_path / "desk")
    return tmp_path / "desk"


@pytest.fixture
def computed(monkeypatch):
    """What is computed from now on: parts, or everything."""
    told = []

    def planned(snapshot, question):
        told.append(WHOLE)
        return plan(snapshot, question)

    def table(source, part):
        if WHOLE not in told:
            told.append(part)
        return period_table(source, part)

    monkeypatch.setattr(period_reading, "plan", planned)
    monkeypatch.setattr(period_reading, "period_table", table)
    return told


def question(desk, **more):
    return Question(History(str(desk)).desk, **({"convert_to": "USD"} | more))


def rows(desk, **more):
    return period_rows(TradeStore(str(desk)), question(desk, **more))


def anew(desk, **more):
    source, parts, days = plan(Snapshot.of(TradeStore(str(desk))), question(desk, **more))
    table = map_reduce(
        period_table, source, parts, lambda earlier, later: pa.concat_tables([earlier, later])
    )
    return table, days.periods


def is_as_anew(desk, **more):
    found = rows(desk, **more)
    table, periods = anew(desk, **more)
    return found.table.equals(table) and found.periods == periods


def record(desk, **tables):
    with TradeTracker(desk, market=None, labeler=None) as tracker:
        for name, records in tables.items():
            getattr(tracker, f"record_{name}")(records)
        tracker.store.release()  # it waits in the journal


def fill(number, **fields):
    return replace(fills_of(0)[number], **({"trade_id": "new"} | fields))


def test_a_fill_changes_its_own_strategy_alone(desk, computed):
    rows(desk)
    computed.clear()
    own = fill(-1, account_id="a", strategy_id="trend")
    record(desk, many=[own])
    assert is_as_anew(desk)
    assert [part.first for part in computed] == [("a", "trend")]
    computed.clear()
    assert is_as_anew(desk)
    assert computed == []


def test_what_was_corrected_before_stays_corrected(desk, computed):
    rows(desk)
    computed.clear()
    record(desk, many=[fill(-1, account_id="b", strategy_id="trend")])
    assert is_as_anew(desk)
    assert [part.first for part in computed] == [("b", "trend")]


def test_a_strategy_and_an_account_that_are_new_are_added(desk, computed):
    rows(desk)
    computed.clear()
    names = [("a", "new"), ("aa", "trend"), ("z", "new")]
    record(desk, many=[
        fill(-1, trade_id=f"n{n}", account_id=account, strategy_id=strategy)
        for n, (account, strategy) in enumerate(names)
    ])  # fmt: skip
    assert is_as_anew(desk)
    assert [part.first for part in computed] == names


@pytest.mark.parametrize(
    "tables",
    [
        {"many": [fill(50, record_type="bust", original_trade_id="t50")]},
        {"many": [fill(-1, execution_time=START + timedelta(days=90))]},  # a new day
        {"many": [fill(-1, execution_time=START - timedelta(days=3))]},  # before the first fill
        {"bars": [Bar(symbol="AAA", close_time=START + timedelta(days=39.9), close=130.0)]},
        {"cash": [replace(cash_of(0)[0], cash_id="x", kind=CashKind.WITHDRAWAL, amount=-1.0)]},
        {"splits": [replace(split_of("a"), split_id="s2")]},
    ],
)  # fmt: skip
def test_what_may_change_every_row_computes_every_row(desk, computed, tables):
    rows(desk)
    computed.clear()
    record(desk, **tables)
    assert is_as_anew(desk)
    assert computed == [WHOLE]


def test_news_labels_and_a_restart_change_nothing(desk, computed):
    rows(desk)
    computed.clear()
    moment = START + timedelta(days=3)
    record(desk, news=[NewsEvent(event_id="n", event_time=moment, known_at=moment, title="x")])
    History(str(desk)).tag("t3", "news_reaction", "ana")
    assert is_as_anew(desk)
    TradeTracker(desk, market=None, labeler=None).close()  # flushed
    compact(desk)
    assert is_as_anew(desk)
    assert computed == []


def test_fills_of_another_currency_are_not_of_a_question_about_one(desk, computed):
    one = {"convert_to": None, "currency": "EUR"}
    rows(desk, **one)
    computed.clear()
    record(desk, many=[fill(-1, account_id="a", symbol="BBB", currency="USD")])
    assert is_as_anew(desk, **one)
    assert computed == []


def test_a_desk_of_which_every_fill_was_busted_has_its_days_still(tmp_path, computed):
    record(tmp_path, bars=bars_of(0), cash=cash_of(0)[:1], many=[fill(0, account_id="a")])
    assert rows(tmp_path).table["trades"].to_pylist()[0] == 1
    bust = fill(0, account_id="a", trade_id="x", record_type="bust", original_trade_id="new")
    record(tmp_path, many=[bust])
    assert is_as_anew(tmp_path)
    assert set(rows(tmp_path).table["trades"].to_pylist()) == {0}
    record(tmp_path, many=[fill(1, account_id="a", trade_id="again")])
    assert is_as_anew(tmp_path)
    assert sum(rows(tmp_path).table["trades"].to_pylist()) == 1


def test_the_first_fill_of_a_desk_begins_its_days(tmp_path, computed):
    opened = START + timedelta(hours=20)
    weekly = [opened + timedelta(days=7 * n) for n in range(26)]
    times = weekly + [weekly[-1] + timedelta(days=n) for n in range(1, 30)]  # and then daily
    prices = [Bar(symbol="AAA", close_time=time, close=100.0) for time in times]
    record(tmp_path, bars=prices, cash=cash_of(0)[:1])
    assert rows(tmp_path).periods == 252
    computed.clear()
    record(tmp_path, many=[fill(0, execution_time=times[27] - timedelta(hours=3))])
    assert is_as_anew(tmp_path)
    assert rows(tmp_path).periods == 365  # it never saw the weeks with one price
    assert computed == [WHOLE]


def test_the_first_fill_in_a_currency_begins_its_days(desk, computed):
    one = {"convert_to": None, "currency": "CHF"}
    rows(desk, **one)
    record(desk, many=[fill(-1, symbol="NESN", currency="CHF")])
    assert is_as_anew(desk, **one)


def test_rows_that_a_repair_put_back_are_seen(tmp_path, computed):
    for number in range(2):
        record(tmp_path, many=[fill(number, trade_id=f"t{number}")])
        TradeTracker(tmp_path, market=None, labeler=None).close()  # flushed, each by itself
    max((tmp_path / "trades" / "_delta_log").glob("*.json")).unlink()  # by a power loss
    assert is_as_anew(tmp_path)
    lost = rows(tmp_path).table["trades"].to_pylist()
    TradeTracker(tmp_path, market=None, labeler=None).close()
    assert is_as_anew(tmp_path)
    assert sum(rows(tmp_path).table["trades"].to_pylist()) == sum(lost) + 1
    record(tmp_path, many=[fill(2, trade_id="t2")])
    assert is_as_anew(tmp_path)


def test_what_is_recorded_into_a_journal_from_a_backup_is_seen(tmp_path, computed):
    backup = tmp_path / "backup.sqlite"
    desk = tmp_path / "desk"
    with TradeTracker(desk, market=None, labeler=None) as tracker:
        tracker.record_bars(bars_of(0)[:40])
        tracker.record_many([fill(0, trade_id="t0")])
        with sqlite3.connect(desk / "journal.sqlite") as live, sqlite3.connect(backup) as copy:
            live.backup(copy)
        for number in range(1, 7):
            tracker.record_many([fill(number, trade_id=f"t{number}")])
    assert is_as_anew(desk)
    for file in desk.glob("journal.sqlite*"):
        file.unlink()
    shutil.copy(backup, desk / "journal.sqlite")
    record(desk, bars=[replace(bars_of(0)[4], close=130.0)])  # its number was in use
    assert is_as_anew(desk)
    record(desk, cash=cash_of(0)[:1])
    assert is_as_anew(desk)


def steps(rng, number):
    """A random fact of any kind, most often a fill."""
    hours = float(rng.uniform(-30, 24 * 42))
    new = fill(
        int(rng.integers(240)), trade_id=f"r{number}", account_id="abcd"[rng.integers(4)],
        execution_time=START + timedelta(hours=hours),
    )  # fmt: skip
    moment = START + timedelta(hours=hours)
    return [
        *[{"many": [new]}] * 6,
        {"many": [new, replace(new, trade_id=f"r{number}-2", strategy_id="carry")]},
        {"many": [replace(new, record_type="correct", price=90.0, account_id="d",
                          original_trade_id=f"r{number}-0"),
                  replace(new, trade_id=f"r{number}-0", account_id="d")]},
        {"bars": [replace(bars_of(0)[int(rng.integers(40))], close=101.0 + number)]},
        {"cash": [replace(cash_of(0)[1], cash_id=f"r{number}", execution_time=moment)]},
        {"news": [NewsEvent(event_id=f"r{number}", event_time=moment, known_at=moment, title="x")]},
    ][rng.integers(11)]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_recorded_between_two_questions_they_are_answered_as_anew(desk, computed, seed):
    rng = np.random.default_rng(seed)
    rows(desk)
    for number in range(14):
        tables = steps(rng, number)
        record(desk, **{name: records[::-1] for name, records in tables.items()})
        if rng.integers(4) == 0:
            TradeTracker(desk, market=None, labeler=None).close()
        if rng.integers(6) == 0:
            compact(desk)
        assert is_as_anew(desk), (seed, number, tables)
    assert 0 < computed.count(WHOLE) < 14  # the others were updates
