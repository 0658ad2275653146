"""`perfkit compact`, `vacuum` and `export`: what they say and leave behind."""

from __future__ import annotations

import json

import pytest

from perfkit.store import TradeStore

ROW = '{{"trade_id":"t{n}","execution_time":"2024-01-0{n}T15:00:00Z","symbol":"SPY",'
ROW += '"side":"buy","price":100,"volume":1,"account_id":"main","strategy_id":"trend"}}\n'


@pytest.fixture
def uri(perfkit, tmp_path):
    for n in (1, 2, 3):
        answer = perfkit("record", "--into", tmp_path / "history", stdin=ROW.format(n=n))
        assert answer.code == 0, answer.err
    return tmp_path / "history"


def test_compact_says_what_there_was_and_is(perfkit, uri):
    answer = perfkit("compact", uri)
    assert answer.code == 0, answer.err
    assert "3 files before, 1 now" in answer.out
    assert TradeStore(uri).read().num_rows == 3


def test_vacuum_keeps_what_was_merged_just_now(perfkit, uri):
    perfkit("compact", uri)
    answer = perfkit("vacuum", uri, "--dry-run")
    assert answer.code == 0, answer.err
    assert "3 files that are not old enough yet" in answer.out
    refused = perfkit("vacuum", uri, "--hours", "0")
    assert refused.code == 1
    assert "one hour to seven days" in refused.err


def test_export_writes_the_rows_and_refuses_to_overwrite(perfkit, uri, tmp_path):
    answer = perfkit("export", uri, tmp_path / "out", "--format", "csv")
    assert answer.code == 0, answer.err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["tables"]["trades"]["rows"] == 3
    refused = perfkit("export", uri, tmp_path / "out")
    assert refused.code == 1
    assert "--force" in refused.err
    assert perfkit("export", uri, tmp_path / "out", "--force").code == 0
    assert (tmp_path / "out" / "trades.parquet").exists()


def test_compact_where_nothing_is_recorded_says_so(perfkit, tmp_path):
    answer = perfkit("compact", tmp_path / "nowhere")
    assert (answer.code, answer.out) == (1, "")
    assert "its journal is not at" in answer.err
