"""Labels: judgements beside the facts, recorded once and never changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import (
    ConflictError,
    InvalidArgumentError,
    InvalidTableError,
    UnknownNameError,
)
from perfkit.records import LabelRecord, to_table
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)


def label(trade_id="1", name="breakout", **fields):
    values = {
        "account_id": "acc_1", "strategy_id": "trend", "source": "model", "version": "v/1",
        "labelled_at": NOON, "confidence": 0.7,
    } | fields  # fmt: skip
    return LabelRecord(trade_id=trade_id, label=name, **values)


@pytest.fixture
def tracker(tmp_path, fill, clock):
    with TradeTracker(tmp_path, account="acc_1", strategy="trend", clock=clock) as tracker:
        tracker.record_many([fill("1"), fill("2", 1), fill("3", 2, strategy_id="mean")])
        yield tracker


def test_labels_are_durable_stamped_and_beside_the_trade(tracker, tmp_path, clock):
    before = tracker.store.read()
    receipt = tracker.record_labels([label("2"), label("1", source="person", version="Ann")])
    assert (receipt.accepted, receipt.duplicates, receipt.first_sequence) == (2, (), 4)
    found = TradeStore(tmp_path).read("labels").to_pylist()
    assert [(row["trade_id"], row["source"]) for row in found] == [("2", "model"), ("1", "person")]
    assert {row["recorded_at"] for row in found} == {clock()}
    assert tracker.store.read().equals(before)


@pytest.mark.parametrize("shape", ["table", "frame"])
def test_labels_come_as_records_do(tracker, shape):
    rows = to_table([label("1"), label("2")], LabelRecord)
    if shape == "frame":
        rows = pd.DataFrame(
            {
                "trade_id": ["1", "2"], "label": ["breakout"] * 2, "source": ["model"] * 2,
                "version": ["v/1"] * 2, "labelled_at": pd.to_datetime([NOON] * 2),
            }
        )  # fmt: skip
    assert tracker.record_labels(rows).accepted == 2
    assert tracker.store.read("labels")["strategy_id"].to_pylist() == ["trend"] * 2


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_label_is_recorded_once(tracker, tmp_path, is_restarted):
    first = tracker.record_labels([label("1"), label("2")]).first_sequence
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path)
    receipt = tracker.record_labels([label("2"), label("1", "reversal"), label("1", "reversal")])
    assert (receipt.accepted, receipt.duplicates) == (1, ("2", "1"))
    receipt = tracker.record_labels([label("1")])
    assert (receipt.accepted, receipt.duplicates, receipt.sequence) == (0, ("1",), first)
    assert tracker.store.read("labels").num_rows == 3
    tracker.close()


def test_another_source_version_label_or_trade_is_another_judgement(tracker):
    others = [label("2"), label(name="x"), label(source="rule"), label(version="v/2"), label()]
    assert tracker.record_labels(others).accepted == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"confidence": 0.9}, r"confidence was 0\.7 and is now 0\.9"),
        ({"confidence": None}, r"confidence was 0\.7 and is now None"),
        ({"labelled_at": NOON.replace(hour=13)}, "labelled_at was"),
    ],
)
def test_a_judgement_is_never_changed(tracker, change, message):
    tracker.record_labels([label()])
    with pytest.raises(ConflictError, match=rf"trade_id '1'.*{message}.*its own version"):
        tracker.record_labels([label("2"), label(**change)])
    assert tracker.store.read("labels")["confidence"].to_pylist() == [0.7]


@pytest.mark.parametrize(
    "unknown", [label("9"), label("3"), label("1", account_id="acc_2")], ids=lambda r: r.trade_id
)
def test_a_label_of_a_trade_that_was_never_recorded_is_refused(tracker, unknown):
    with pytest.raises(UnknownNameError) as caught:
        tracker.record_labels([label("1"), unknown])
    for word in ("1 of 2 labels", repr(unknown.trade_id), repr(unknown.account_id), "'trend'"):
        assert word in str(caught.value)
    assert tracker.store.read("labels").num_rows == 0


def test_a_bad_label_is_refused_with_its_field(tracker):
    rows = to_table([label()], LabelRecord)
    place = rows.column_names.index("source")
    rows = rows.set_column(place, rows.schema.field(place), [["gossip"]])
    with pytest.raises(InvalidTableError, match="source must be one of rule, model"):
        tracker.record_labels(rows)
    assert tracker.record_labels([]).accepted == 0


@pytest.mark.parametrize("version", ["recorded", "unversioned"])
def test_a_rule_set_can_not_take_the_name_of_something_else(tracker, version):
    with pytest.raises(InvalidArgumentError, match="version must be a name of its own"):
        tracker.record_labels([label(source="rule", version=version)])
    assert tracker.record_labels([label(source="model", version=version)]).accepted == 1
