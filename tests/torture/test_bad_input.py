"""Bad input through every door: refused with the field named, and the rest is recorded."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from perfkit import Fill
from perfkit.errors import InvalidArgumentError, InvalidRecordError, InvalidTableError, PerfkitError
from perfkit.records import to_table
from perfkit.store import TradeStore
from perfkit.tracker import Recorder, TradeTracker
from tests.torture.desk import assert_clean, first_fills, stored

HUGE = "x" * 10_000_000
GOOD = {
    "trade_id": "1", "account_id": "acc_1", "strategy_id": "s", "symbol": "SPY", "side": "buy",
    "price": 1.5, "volume": 2.0, "execution_time": "2025-03-03T14:00:00Z",
}  # fmt: skip
# a line, and what the refusal must name
LINES = [
    (GOOD | {"trade_id": "../../etc/passwd"}, "trade_id"),
    (GOOD | {"trade_id": "a\0b"}, "trade_id"),
    (GOOD | {"trade_id": None}, "trade_id"),
    (GOOD | {"trade_id": 7}, "trade_id"),
    (GOOD | {"trade_id": ["1"]}, "trade_id"),
    (GOOD | {"account_id": "acc/1"}, "account_id"),
    (GOOD | {"strategy_id": "\ud800"}, "surrogates"),
    (GOOD | {"symbol": "\ud800"}, "surrogates"),
    (GOOD | {"symbol": HUGE}, "symbol"),
    (GOOD | {"order_id": "\udc80"}, "surrogates"),
    (GOOD | {"order_id": HUGE}, "order_id"),
    (GOOD | {"source": "a\nb"}, "source"),
    (GOOD | {"reason": {"deep": HUGE}}, "reason"),
    (GOOD | {"side": "BUY; DROP TABLE groups"}, "side"),
    (GOOD | {"side": {}}, "side"),
    (GOOD | {"price": float("nan")}, "price"),
    (GOOD | {"price": "1.5"}, "price"),
    (GOOD | {"price": 10**400}, "price"),
    (GOOD | {"price": True}, "price"),
    (GOOD | {"volume": -1}, "volume"),
    (GOOD | {"volume": float("inf")}, "volume"),
    (GOOD | {"commission": None}, "commission"),
    (GOOD | {"multiplier": 0}, "multiplier"),
    (GOOD | {"execution_time": "2025-03-03T14:00:00"}, "execution_time"),
    (GOOD | {"execution_time": "yesterday"}, "execution_time"),
    (GOOD | {"execution_time": HUGE}, "execution_time"),
    (GOOD | {"execution_time": 1_741_010_400}, "execution_time"),
    (GOOD | {"execution_time": "0001-01-01T00:00:00+14:00"}, "execution_time"),
    (GOOD | {"execution_time": "9999-12-31T23:59:59-14:00"}, "execution_time"),
    (GOOD | {"record_type": "correct"}, "original_trade_id"),
    (GOOD | {"record_type": "bust", "original_trade_id": "never"}, "original_trade_id"),
    (GOOD | {"colour": "red"}, "colour"),
    (GOOD | {HUGE: 1}, "x"),
    ({"cash_id": "1", "account_id": "a", "strategy_id": "s", "amount": "1", "kind": "deposit",
      "execution_time": "2025-03-03T14:00:00Z"}, "amount"),
    ({"close_time": "2025-03-03T14:00:00Z", "symbol": "SPY", "close": float("nan")}, "close"),
    ({}, "trade_id"),
    ([], "object"),
    ("just text", "object"),
    (None, "object"),
]  # fmt: skip
RAW = [
    b"{", b"}", b"not json", b"\x00", b"\xff\xfe\x00\x00", b"[" * 200_000, b'{"trade_id": "1"' * 9,
    json.dumps(GOOD).encode()[:-1] + b', "price": 9}', b"NaN", b"9" * 5_000,
    b'{"trade_id": "\xff\xfe"}', b"\xef\xbb\xbf{}",
    b'"' + b"y" * 1_000_000, b'{"trade_id": "1", ' + b" " * 1_000_000,
]  # fmt: skip


def refusals(folder, lines):
    """Send lines to `perfkit record`, with a good one behind each; give its answers to the bad."""
    good = [json.dumps(GOOD | {"trade_id": f"g{n}"}).encode() for n in range(len(lines))]
    sent = b"".join(bad + b"\n" + well + b"\n" for bad, well in zip(lines, good, strict=True))
    answer = subprocess.run(
        [sys.executable, "-m", "perfkit", "record", "--into", folder],
        input=sent, capture_output=True, check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8:surrogateescape"},
    )  # fmt: skip
    assert (answer.returncode, answer.stderr.decode()) == (1, "")
    answers = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [said["line"] for said in answers] == list(range(1, 2 * len(lines) + 1))
    assert [said.get("sequence") for said in answers[1::2]] == list(range(1, len(lines) + 1))
    assert all("sequence" not in said for said in answers[::2])
    assert set(stored(TradeStore(folder))) == {f"g{n}" for n in range(len(lines))}
    return [said["refused"] for said in answers[::2]]


def test_lines_of_json_that_are_wrong_are_refused_by_name_and_the_others_recorded(tmp_path):
    lines = [json.dumps(value).encode() for value, _ in LINES] + RAW
    said = refusals(tmp_path, lines)
    assert max(map(len, said)) < 4_000  # a huge value is not repeated in the answer
    unnamed = [
        (str(value)[:300], refusal[:300])
        for (value, name), refusal in zip(LINES, said, strict=False)
        if name not in refusal
    ]
    assert unnamed == []
    assert_clean(tmp_path)


class Text(str):
    """A string that calls itself something else."""

    __slots__ = ()

    def __str__(self):
        return "calm"


BAD = {
    "trade_id": ["..", "a\0b", "x" * 65, "\ud800", "", None, 7, b"1", "1\n"],
    "account_id": ["a/b", HUGE, None, "\u202e"],
    "strategy_id": ["", " ", "\x1b[2J"],
    "symbol": ["\ud800", HUGE, "", "A\0", None],
    "side": ["hold", None, HUGE, 1],
    "price": [float("nan"), float("inf"), "1", None, True, 10**400, 1e19, 1j],
    "volume": [0, -1.0, float("nan"), "1", 10**30],
    "commission": [float("nan"), "0", None],
    "order_id": ["\udcff", HUGE, "\n", ""],
    "source": ["\u2028", "\ud83d"],
    "execution_time": [None, "2025-03-03", 0, np.datetime64("NaT")],
    "liquidity": ["both"],
    "original_trade_id": ["x y"],
}


@pytest.mark.parametrize("field", BAD)
def test_a_fill_with_a_bad_field_is_none(field):
    good = first_fills(0, 0, 1)[0]
    values = {f.name: getattr(good, f.name) for f in dataclasses.fields(Fill)}
    for value in BAD[field]:
        with pytest.raises(InvalidRecordError, match=field) as error:
            Fill(**values | {field: value})
        assert len(str(error.value)) < 4_000


def test_whatever_is_offered_to_a_recorder_its_neighbours_are_recorded(tmp_path):
    """What passes for a fill is recorded as it is; what does not is refused at once."""
    sent = {fill.trade_id: fill for fill in first_fills(0, 0, 300)}
    odd = dataclasses.replace(sent["d0.0.7"], trade_id=Text("odd"), order_id="ж" * 128, price=7)
    wrong = [None, 7, "fill", GOOD, [odd], to_table([odd], Fill), object(), Fill]
    unfit = dataclasses.replace(sent["d0.0.9"], trade_id="unfit", multiplier=5.0)
    other = dataclasses.replace(sent["d0.0.11"], price=1.0)
    with TradeTracker(tmp_path) as tracker, Recorder(tracker) as recorder:
        waiters = []
        for number, fill in enumerate([*sent.values(), odd]):
            with pytest.raises(InvalidArgumentError, match="takes a Fill at a time"):
                recorder.submit(wrong[number % len(wrong)])
            waiters.append(recorder.submit(fill))
        refused = [recorder.submit(fill) for fill in (unfit, other)]
        assert {waiter.result().accepted for waiter in waiters} == {1}
        for waiter, field in zip(refused, ("multiplier", "price was"), strict=True):
            assert isinstance(waiter.exception(), PerfkitError)
            assert field in str(waiter.exception())
    assert set(stored(TradeStore(tmp_path))) == {*sent, "odd"}
    assert_clean(tmp_path)


def test_of_many_rows_only_the_bad_ones_are_refused(tmp_path, size):
    count, rng = size(10_000, 100_000), random.Random(100)
    frame = pd.DataFrame(
        {
            "trade_id": [f"t{n}" for n in range(count)],
            "account_id": "acc_1", "strategy_id": "s", "symbol": "SPY", "side": "buy",
            "price": 1.0, "volume": 1.0, "order_id": "o",
            "execution_time": pd.date_range("2025-03-03", periods=count, freq="s", tz="UTC"),
        }
    )  # fmt: skip
    values = {
        "trade_id": "..", "account_id": "a\0", "symbol": HUGE[:1_000_000], "side": "x",
        "price": np.nan, "volume": -1.0, "order_id": "\x1b[2J",
    }  # fmt: skip
    bad = {row: rng.choice([*values]) for row in rng.sample(range(count), 100)}
    for row, field in bad.items():
        frame.loc[row, field] = values[field]
    known = sorted(rng.sample(sorted({*range(count)} - bad.keys()), 50))
    with TradeTracker(tmp_path, labeler=None) as tracker:
        with pytest.raises(InvalidTableError, match="100 of"):
            tracker.record_many(frame, atomic=True)
        assert tracker.store.read().num_rows == 0
        tracker.record_many(frame.iloc[known])
        receipt = tracker.record_many(frame)
        assert (receipt.accepted, len(receipt.duplicates)) == (count - 150, 50)
        assert {refused.row: refused.field for refused in receipt.rejected} == bad
        assert all(len(refused.message) < 4_000 for refused in receipt.rejected)
        assert tracker.store.read().num_rows == count - 100
