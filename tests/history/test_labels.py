"""Labels of a history: judged again, tagged by persons, read by who said what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import (
    ConflictError,
    InvalidArgumentError,
    StoreLockedError,
    UnknownNameError,
)
from perfkit.history import History
from perfkit.labels import LabelGenerator
from perfkit.market import MarketState
from perfkit.records import Bar, Fill, LabelRecord, NewsEvent, to_table
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

DAY = timedelta(days=1)
FIRST = datetime(2023, 1, 2, 21, tzinfo=UTC)
LATER = datetime(2024, 6, 1, tzinfo=UTC)

# a hundred days of a steady climb: an uptrend, and every close above the channel of 55 bars
BARS = [Bar(symbol="UP", close_time=FIRST + n * DAY, close=100.0 + n) for n in range(100)]
ENTRY = FIRST + 90.5 * DAY  # a purchase beyond all closes before


def fill(trade_id, time=ENTRY, side="buy", price=200.0, **more):
    given = {"account_id": "main", "strategy_id": "trend", "symbol": "UP", "volume": 10.0}
    return Fill(trade_id=trade_id, execution_time=time, side=side, price=price, **given | more)


FILLS = [
    fill("in"),
    fill("out", ENTRY + 2 * DAY, "sell", 210.0),
    fill("late", ENTRY + 3 * DAY, "sell"),
    fill("other", ENTRY, account_id="second", symbol="FLAT"),
]


@pytest.fixture
def uri(tmp_path):
    """Trades recorded before any bar was known."""
    with TradeTracker(tmp_path, market=None) as tracker:
        tracker.record_many(FILLS)
        tracker.record_bars(BARS)
    return str(tmp_path)


@pytest.fixture
def history(uri):
    return History(uri)


def clock():
    return LATER


def held(frame, holds=True):
    chosen = frame[(frame["confidence"] == 1.0) == holds]
    return set(zip(chosen["trade_id"], chosen["label"], strict=True))


def bytes_of_trades(uri):
    return {file: file.read_bytes() for file in Path(uri, "trades").rglob("*") if file.is_file()}


def test_bars_that_arrive_late_add_labels_that_hold_and_touch_no_trade(history):
    before, files = TradeStore(history.uri).read("trades"), bytes_of_trades(history.uri)
    assert before.num_rows == len(FILLS)
    receipt = history.relabel(clock=clock)
    assert TradeStore(history.uri).read("trades").equals(before)
    assert bytes_of_trades(history.uri) == files
    found = history.labels(version="rules-2")
    # by hand: the price climbs by 1 a day, so ADX is 100, and 200 lies above every close
    assert {("in", "trend_following"), ("in", "breakout")} <= held(found)
    assert receipt.accepted == len(found)
    assert set(found["source"]) == {"rule"}
    assert set(found["labelled_at"]) == {pd.Timestamp(LATER)}
    stamped = history.labels(version="recorded")
    assert held(stamped) == {("out", "quick_exit")}
    assert stamped["labelled_at"].tolist() == [ENTRY + 2 * DAY]


def test_what_the_record_says_and_does_not_hold_gets_a_confidence_of_zero(history):
    slow = LabelGenerator(["quick_exit"], {"quick_exit": {"days": 1}}, version="slow")
    history.relabel(slow, clock=clock)
    # of every trade something is said, so that it is known to have been judged
    found = history.labels(version="slow")
    assert found["trade_id"].tolist() == ["in", "other", "out", "late"]
    assert set(found["label"]) == {"quick_exit"}
    assert set(found["confidence"]) == {0.0}
    fast = LabelGenerator(["quick_exit"], {"quick_exit": {"days": 3}}, version="fast")
    history.relabel(fast, clock=clock)
    assert held(history.labels(version="fast")) == {("out", "quick_exit")}


def test_labels_of_another_version_that_no_longer_hold_are_denied(history):
    history.relabel(clock=clock)
    # no return of 20 days is a hundred times as large as its volatility makes it
    rules = LabelGenerator(["momentum"], {"momentum": {"strength": 100.0}}, version="calm")
    history.relabel(rules, clock=clock)
    denied = history.labels(version="calm", account="main")
    assert ("in", "momentum") in held(history.labels(version="rules-2"))
    assert ("in", "momentum") in held(denied, holds=False)


def test_what_is_not_known_is_not_denied(tmp_path):
    at = datetime(2024, 1, 2, 14, 40, tzinfo=UTC)  # ten minutes after New York opened
    fed = NewsEvent(event_id="fed", event_time=at, known_at=at - 9 * DAY)
    with TradeTracker(tmp_path, market=MarketState("XNYS")) as tracker:
        tracker.record_news([fed])
        tracker.record_many([fill("a", at), fill("b", at + timedelta(minutes=3), "sell", 200.1)])
    history = History(tmp_path)
    stamped = {("a", "market_open"), ("a", "news_event"), ("b", "market_open"), ("b", "news_event")}
    assert held(history.labels(version="recorded")) >= stamped
    history.relabel(version="no calendar", hindsight=True, clock=clock)
    assert not held(history.labels(version="no calendar", source="rule"), holds=False)
    # 60 days were not held; how far the price moved against it is told in ATR, of no bars
    late = history.labels(version="no calendar", source="hindsight")
    assert held(late, holds=False) == {("a", "hold_long")}
    history.relabel(version="nothing", market=None, clock=clock)
    assert held(history.labels(version="nothing"), holds=False) == {("a", "hold_long")}
    # of rules of which nothing is known nothing at all is said
    blind = LabelGenerator(["market_open", "breakout"], version="blind")
    assert history.relabel(blind, clock=clock).accepted == 0
    # nor of a trade outside the session, to which a calendar says no
    with TradeTracker(tmp_path, market=None) as tracker:
        tracker.record(fill("night", at + timedelta(hours=12)))
    history.relabel(blind, version="seeing", market=MarketState("XNYS"), clock=clock)
    seen = history.labels(version="seeing")
    assert held(seen) == {("a", "market_open"), ("b", "market_open")}
    assert held(seen, holds=False) == {("night", "market_open")}


@pytest.mark.parametrize("version", ["recorded", "unversioned", "", "x" * 65, 5, "two\nlines"])
def test_a_version_that_is_none_is_refused(history, version):
    with pytest.raises(InvalidArgumentError, match=r"version must|must have a version"):
        history.relabel(version=version)
    assert set(history.labels()["version"]) == {"recorded"}


def test_the_version_of_the_package_is_for_its_own_rules(history):
    rules = LabelGenerator(["breakout"], version="mine")
    with pytest.raises(InvalidArgumentError, match=r"version must be another.*'rules-2'"):
        history.relabel(rules, version="rules-2")


def test_an_audit_and_a_person_have_names_that_are_not_taken_for_each_other(history):
    with pytest.raises(InvalidArgumentError, match="person must not begin with 'audit-'"):
        history.tag("in", "momentum", "audit-2026")
    with pytest.raises(InvalidArgumentError, match="person must not begin with 'audit-'"):
        history.tag("in", "momentum", "audit-2026", audit="2027")
    for audit in ("2026/Q4", "", "z" * 65, 5):
        with pytest.raises(InvalidArgumentError, match="audit must match"):
            history.tag("in", "momentum", "ann", audit=audit)
        with pytest.raises(InvalidArgumentError, match="audit must match"):
            history.label_quality(audit=audit)
        with pytest.raises(InvalidArgumentError, match="audit must match"):
            history.audit_sample(1, seed=1, name=audit)
    with pytest.raises(InvalidArgumentError, match="fit into a version of 64"):
        history.tag("in", "momentum", "b" * 30, audit="a" * 40)
    assert history.labels(source="person").empty


def test_to_relabel_twice_is_to_relabel_once(history):
    first = history.relabel(clock=clock, hindsight=True)
    once = history.labels()
    again = history.relabel(clock=lambda: LATER + DAY, hindsight=True)
    assert (again.accepted, len(again.duplicates)) == (0, first.accepted)
    pd.testing.assert_frame_equal(history.labels(), once)


def test_later_trades_change_no_judgement(history, uri):
    history.relabel(clock=clock)
    before = history.labels(version="rules-2")
    with TradeTracker(uri, market=None) as tracker:
        tracker.record(fill("next", ENTRY + 5 * DAY, volume=7.0))
    receipt = history.relabel(clock=clock)
    assert len(receipt.duplicates) == len(before)
    after = history.labels(version="rules-2")
    pd.testing.assert_frame_equal(after[after["trade_id"] != "next"], before)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(len(FILLS))), cuts=st.sets(st.integers(1, 3)))
def test_trades_judged_in_any_parts_and_any_order_are_judged_alike(tmp_path_factory, order, cuts):
    spans = [FILLS[n] for n in order]
    with TradeTracker(tmp_path_factory.mktemp("h"), market=None) as tracker:
        tracker.record_bars(BARS)
        tracker.record_many(spans)
        history = History(tracker.store)
        days = sorted(ENTRY + cut * DAY for cut in cuts)
        for start, end in zip([FIRST, *days], [*days, LATER], strict=True):
            history.relabel(tracker=tracker, clock=clock, start=start, end=end)
        parts = history.labels(version="rules-2")
        history.relabel(tracker=tracker, clock=clock, version="whole")
        whole = history.labels(version="whole")
    keys = ["trade_id", "label", "confidence"]
    assert sorted(parts[keys].values.tolist()) == sorted(whole[keys].values.tolist())


def test_news_that_arrives_late_counts_from_when_it_was_known(history, uri):
    near = [
        NewsEvent(event_id="fed", event_time=ENTRY, known_at=ENTRY - DAY),
        NewsEvent(event_id="leak", event_time=ENTRY + 2 * DAY, known_at=ENTRY + 4 * DAY),
    ]
    history.relabel(clock=clock)
    with TradeTracker(uri, market=None) as tracker:
        tracker.store.append("news", to_table(near, NewsEvent))
    history.relabel(clock=lambda: LATER + DAY)
    found = history.labels(label="news_event", source="rule")
    assert held(found) == {("in", "news_event"), ("other", "news_event")}
    assert set(found["labelled_at"]) == {pd.Timestamp(LATER + DAY)}


def test_a_judgement_that_newer_bars_reverse_needs_its_own_version(history, uri):
    history.relabel(clock=clock)
    recorded = history.labels()
    top = Bar(symbol="UP", close_time=FIRST + 80 * DAY, close=999.0)
    with TradeTracker(uri, market=None) as tracker:
        tracker.record_bars([top])
    with pytest.raises(
        ConflictError, match=r"breakout of trade 'in'.*1\.0 and has 0\.0.*own version"
    ):
        history.relabel(clock=clock)
    pd.testing.assert_frame_equal(history.labels(), recorded)
    history.relabel(version="rules-2/mended", clock=clock)
    mended = history.labels(version="rules-2/mended", label="breakout")
    assert ("in", "breakout") in held(mended, holds=False)


def test_only_the_trades_that_are_asked_for_are_judged(history):
    history.relabel(clock=clock, account="second")
    assert set(history.labels(version="rules-2")["trade_id"]) == {"other"}
    history.relabel(clock=clock, label="quick_exit")
    assert set(history.labels(version="rules-2")["trade_id"]) == {"other", "out"}


def test_hindsight_tells_of_an_entry_what_its_exit_told(history):
    history.relabel(clock=clock, hindsight=True)
    found = history.labels(source="hindsight")
    assert set(found["trade_id"]) == {"in"}  # the only entry that was left again
    assert held(found) == {("in", "quick_exit")}
    assert held(found, holds=False) == {("in", n) for n in ("hold_long", "scalping", "stop_loss")}
    assert set(found["labelled_at"]) == {pd.Timestamp(ENTRY + 2 * DAY)}


def test_a_market_with_a_calendar_judges_sessions(tmp_path):
    # 2023-07-03 was a half day in New York: it closed at 13:00, 17:00 UTC
    opening, closing = (
        datetime(2023, 7, 3, 13, 40, tzinfo=UTC),
        datetime(2023, 7, 3, 16, 45, tzinfo=UTC),
    )
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("a", opening), fill("b", closing)])
    history = History(tmp_path)
    history.relabel(market=MarketState(calendar="XNYS"), clock=clock)
    assert {("a", "market_open"), ("b", "market_close")} <= held(history.labels(version="rules-2"))


def test_trades_that_were_corrected_busted_or_moved_are_judged_as_they_are_now(history, uri):
    moved = fill(
        "c1", record_type="correct", original_trade_id="in", strategy_id="new", price=100.0
    )
    bust = fill(
        "c2", record_type="bust", original_trade_id="other", account_id="second", symbol="FLAT"
    )
    with TradeTracker(uri, market=None) as tracker:
        tracker.record_many([moved, bust])
    history.relabel(clock=clock)
    found = history.labels(version="rules-2")
    assert set(found["trade_id"]) == {"in", "out", "late"}
    assert ("in", "breakout") not in held(found)  # bought at 100, below the channel
    assert set(found.loc[found["trade_id"] == "in", "strategy_id"]) == {"new"}


def test_rules_are_found_by_version_path_or_themselves(history, tmp_path, monkeypatch):
    folder = tmp_path / "desk" / "rules"
    folder.mkdir(parents=True)
    text = 'version = "2026-11"\n[parameters.quick_exit]\ndays = 1\n'
    (folder / "2026-11.toml").write_text(text)
    monkeypatch.chdir(folder.parent)
    history.relabel("2026-11", clock=clock)
    history.relabel(folder / "2026-11.toml", clock=clock)
    history.relabel("rules/2026-11.toml", clock=clock)
    assert set(history.labels()["version"]) == {"recorded", "2026-11"}
    assert held(history.labels(version="2026-11", label="quick_exit"), holds=False) == {
        ("out", "quick_exit")
    }
    with pytest.raises(UnknownNameError, match=r"'2027-01'.*no such file in .*desk"):
        history.relabel("2027-01")
    (folder / "2027-01.toml").write_text(text)
    with pytest.raises(UnknownNameError, match="must hold the version '2027-01', holds '2026-11'"):
        history.relabel("2027-01")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (LabelGenerator(["hold_long"]), "must have a version"),
        (LabelGenerator([], version="none"), "must be at least one"),
    ],
)
def test_rules_without_a_version_or_without_a_rule_are_refused(history, rules, message):
    with pytest.raises(InvalidArgumentError, match=message):
        history.relabel(rules)


def test_a_history_seen_from_another_moment_is_not_judged(history):
    for judge in (lambda h: h.relabel(), lambda h: h.tag("in", "momentum", "ann")):
        with pytest.raises(InvalidArgumentError, match="seen as of now"):
            judge(history.as_of("2023-05-01"))


def test_labels_are_those_that_were_known(history):
    history.relabel(clock=clock)
    seen = history.as_of("2023-12-31", "2030-01-01")
    assert set(seen.labels()["version"]) == {"recorded"}
    assert len(history.as_of("2025-01-01", "2030-01-01").labels()) == len(history.labels())


def test_a_person_tags_a_trade_once(history):
    first = history.tag("in", "fear_of_missing_out", "ann", clock=clock)
    again = history.tag("in", "fear_of_missing_out", "ann", clock=lambda: LATER + DAY)
    assert (first.accepted, again.accepted, again.duplicates) == (1, 0, ("in",))
    history.tag("in", "breakout", "ann", holds=False, clock=clock)
    history.tag("in", "breakout", "bob", clock=clock)
    found = history.labels(source="person")
    assert found[["label", "version", "confidence"]].values.tolist() == [
        ["fear_of_missing_out", "ann", 1.0], ["breakout", "ann", 0.0], ["breakout", "bob", 1.0],
    ]  # fmt: skip
    assert set(found["labelled_at"]) == {pd.Timestamp(LATER)}
    with pytest.raises(ConflictError, match=r"person 'ann' said before: breakout of trade 'in'"):
        history.tag("in", "breakout", "ann")


def test_a_tag_names_one_trade_and_a_possible_label(history, uri):
    with pytest.raises(UnknownNameError, match="no trade 'out-2'"):
        history.tag("out-2", "momentum", "ann")
    with pytest.raises(UnknownNameError, match="no trade 'in' of account 'second'"):
        history.tag("in", "momentum", "ann", account="second")
    with TradeTracker(uri, market=None) as tracker:
        tracker.record(fill("in", account_id="second"))
        with pytest.raises(InvalidArgumentError, match="accounts main, second; say account="):
            history.tag("in", "momentum", "ann", tracker=tracker)
        assert history.tag("in", "momentum", "ann", account="second", tracker=tracker).accepted == 1
        with pytest.raises(InvalidArgumentError, match="label must match"):
            history.tag("out", "two words", "ann", tracker=tracker)
        with pytest.raises(StoreLockedError):
            history.tag("out", "momentum", "ann")


def test_labels_of_a_model_stand_beside_the_others(history, uri):
    said = LabelRecord(
        trade_id="in", account_id="main", strategy_id="trend", label="momentum", source="model",
        version="m/1", confidence=0.7, labelled_at=ENTRY,
    )  # fmt: skip
    with TradeTracker(uri, market=None) as tracker:
        tracker.record_labels([said])
    found = history.labels(source="model")
    assert found.drop(columns="labelled_at").values.tolist() == [
        ["in", "main", "trend", "momentum", "model", "m/1", 0.7]
    ]
    assert history.trades(label="momentum").empty  # the record itself does not say so


def test_an_audit_may_take_any_trade_and_shows_no_label(history):
    sample = history.audit_sample(2, seed=1, name="spring")
    assert sample["audit"].tolist() == ["spring"] * 2
    assert "labels" not in sample.columns
    pd.testing.assert_frame_equal(history.audit_sample(2, seed=1, name="spring"), sample)
    drawn = {history.audit_sample(1, seed=s, name="x")["trade_id"].item() for s in range(20)}
    assert drawn == {"in", "out", "late", "other"}
    with pytest.raises(InvalidArgumentError, match="between 1 and the 4 trades"):
        history.audit_sample(5, seed=1, name="x")


def test_quality_is_measured_over_all_who_judged(history):
    history.relabel(clock=clock)
    history.tag("in", "breakout", "ann", clock=clock)
    history.tag("out", "breakout", "ann", audit="spring", holds=False, clock=clock)
    quality = history.label_quality(audit="spring", account="main")
    coverage = quality.coverage.set_index(["version", "label"])
    assert coverage.loc[("recorded", "quick_exit"), ["judged", "holds"]].tolist() == [3, 1]
    assert coverage.loc[("rules-2", "(any)"), "judged"] == 3
    agreement = quality.agreement.set_index(["version", "other_version", "label"])
    row = agreement.loc[("rules-2", "ann", "breakout")]
    assert (row["n"], row["agree"]) == (1, 1.0)
    assert row["reason"].startswith("insufficient: 1 trades judged by both")
    accuracy = quality.accuracy.set_index(["version", "label"])
    assert accuracy.loc[("rules-2", "breakout"), ["n", "rejections"]].tolist() == [1, 1]
    with pytest.raises(InvalidArgumentError, match=r"audit 'autumn'.*audit_sample"):
        history.label_quality(audit="autumn")
    assert np.isnan(accuracy.loc[("rules-2", "breakout"), "recall"])


def test_of_a_trade_that_was_busted_a_person_says_nothing(history, uri):
    moved = fill("c1", record_type="correct", original_trade_id="in", price=100.0)
    bust = fill("c2", record_type="bust", original_trade_id="late")
    with TradeTracker(uri, market=None) as tracker:
        tracker.record_many([moved, bust])
    with pytest.raises(InvalidArgumentError, match="in force, was 'late', which was busted"):
        history.tag("late", "momentum", "ann")
    assert history.tag("in", "momentum", "ann").accepted == 1  # was corrected, and stands
    assert set(history.labels(source="person")["trade_id"]) == {"in"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"trade_id": 5}, "trade_id must match"),
        ({"label": None}, "label must match"),
        ({"person": "\ud800"}, "person must be 1 to 64 printable"),
        ({"holds": "no"}, "holds must be True or False, was 'no'"),
        ({"account": 5}, "account must match"),
    ],
)
def test_a_tag_that_is_none_is_refused(history, arguments, message):
    good = {"trade_id": "in", "label": "momentum", "person": "ann"}
    with pytest.raises(InvalidArgumentError, match=message):
        history.tag(**good | arguments)


def test_what_is_no_rule_set_no_market_and_no_source_is_refused(history):
    with pytest.raises(InvalidArgumentError, match=r"rules must be a rule set, .* was 5"):
        history.relabel(5)
    with pytest.raises(UnknownNameError, match="rules must be 'rules-2'"):
        history.relabel("x" * 5000)
    with pytest.raises(InvalidArgumentError, match=r"market must have on_bars, .*was 5"):
        history.relabel(market=5)
    with pytest.raises(UnknownNameError, match=r"source must be one of rule, .* was robot"):
        history.labels(source="robot")
    with pytest.raises(InvalidArgumentError, match="source must be a name or a list"):
        history.labels(source=5)
