"""`perfkit label`, `labels` and `relabel`: judgements beside the trades, from a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from perfkit.history import History
from perfkit.records import Bar, Fill
from perfkit.tracker import TradeTracker

FIRST = datetime(2023, 1, 2, 21, tzinfo=UTC)
BUY = Fill(
    trade_id="t1", account_id="main", strategy_id="trend", side="buy", price=200.0, volume=10.0,
    symbol="UP", execution_time=FIRST + timedelta(days=90.5),
)  # fmt: skip
SELL = Fill(
    trade_id="t2", account_id="main", strategy_id="trend", side="sell", price=210.0, volume=10.0,
    symbol="UP", execution_time=FIRST + timedelta(days=91.5),
)  # fmt: skip


@pytest.fixture
def uri(tmp_path):
    """Trades recorded before the bars of a steady climb."""
    with TradeTracker(tmp_path / "h", market=None) as tracker:
        tracker.record_many([BUY, SELL])
        tracker.record_bars(
            [
                Bar(symbol="UP", close_time=FIRST + timedelta(days=n), close=100.0 + n)
                for n in range(100)
            ]
        )
    return tmp_path / "h"


def said(uri):
    frame = History(uri).labels(source="person")
    return frame[["trade_id", "label", "version", "confidence"]].values.tolist()


def test_a_person_labels_a_trade_once(perfkit, uri):
    answer = perfkit("label", uri, "t1", "momentum", "--by", "ann")
    assert (answer.code, answer.out) == (0, "recorded  momentum holds of t1, says ann\n")
    again = perfkit("label", uri, "t1", "momentum", "--by", "ann")
    assert "known before" in again.out
    denied = perfkit("label", uri, "t2", "fomo", "--by", "bob", "--not", "--audit", "spring")
    assert "fomo does not hold of t2, says bob" in denied.out
    assert "fomo is no label of the catalogue" in denied.out
    assert said(uri) == [
        ["t1", "momentum", "ann", 1.0], ["t2", "fomo", "audit-spring/bob", 0.0],
    ]  # fmt: skip


def test_a_label_that_can_not_be_given_is_refused_in_one_sentence(perfkit, uri):
    unknown = perfkit("label", uri, "t9", "momentum", "--by", "ann")
    assert (unknown.code, "no trade 't9'" in unknown.err) == (1, True)
    perfkit("label", uri, "t1", "momentum", "--by", "ann")
    changed = perfkit("label", uri, "t1", "momentum", "--by", "ann", "--not")
    assert (changed.code, "a judgement is never changed" in changed.err) == (1, True)
    assert perfkit("label", uri, "t1", "momentum").code == 2


def test_trades_are_judged_again_from_a_terminal(perfkit, uri):
    first = perfkit("relabel", uri, "--calendar", "XNYS", "--hindsight")
    assert first.code == 0, first.err
    frame = History(uri).labels(version="rules-2", source="rule")
    assert "breakout" in set(frame.loc[frame["trade_id"] == "t1", "label"])
    assert set(History(uri).labels(source="hindsight")["trade_id"]) == {"t1"}
    again = perfkit("relabel", uri, "--calendar", "XNYS", "--hindsight")
    assert again.out.splitlines()[0] == "recorded          0 judgements"
    missing = perfkit("relabel", uri, "--rules", "2099-01")
    assert (missing.code, "rules/2099-01.toml" in missing.err) == (1, True)


def test_labels_are_listed_with_their_trades_and_their_quality(perfkit, uri):
    perfkit("relabel", uri)
    perfkit("label", uri, "t1", "breakout", "--by", "ann", "--audit", "spring")
    listed = perfkit("labels", uri)
    assert listed.code == 0, listed.err
    assert "aggressive_entry" in listed.out
    assert "Agreement" not in listed.out
    told = perfkit("labels", uri, "--quality", "--audit", "spring")
    for title in ("How many trades", "Agreement of two judges", "Against the audit"):
        assert title in told.out
    answer = json.loads(perfkit("labels", uri, "--audit", "spring", "--json").out)
    by_name = {row["label"]: row for row in answer["labels"]}
    # the sale is the only one of two trades with a label of its own record
    assert (by_name["quick_exit"]["trades"], by_name["quick_exit"]["share"]) == (1, 0.5)
    assert by_name["market_open"]["numbers"] == "minutes 30"
    assert answer["accuracy"][0]["label"] == "breakout"
    assert answer["accuracy"][0]["hits"] == 1


def test_labels_of_ones_own_stand_below_the_catalogue(perfkit, tmp_path):
    import pyarrow as pa

    class Labeler:
        def generate(self, trades, context):
            return pa.array([["fomo"]] * trades.num_rows, pa.list_(pa.string()))

    with TradeTracker(tmp_path / "own", labeler=Labeler()) as tracker:
        tracker.record(BUY)
    answer = json.loads(perfkit("labels", tmp_path / "own", "--json").out)
    assert answer["labels"][-1]["label"] == "fomo"
    assert answer["labels"][-1]["trades"] == 1
