"""Stored periods in S3: beside the tables, and never older than them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pandas as pd
import pytest

from perfkit.errors import StoreError
from perfkit.history import History
from perfkit.records import Bar, Fill
from perfkit.store import Snapshot, TradeStore, compact
from perfkit.tracker import TradeTracker

URI = "s3://desk/history"
START = datetime(2024, 1, 1, 12, tzinfo=UTC)
FILL = Fill(
    trade_id="1", account_id="main", strategy_id="trend", symbol="SPY", side="buy",
    execution_time=START, price=100.0, volume=1.0,
)  # fmt: skip


def periods(options):
    client = boto3.client(
        "s3",
        endpoint_url=options["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    found = client.list_objects_v2(Bucket="desk", Prefix="history/periods/")
    return {item["Key"]: item["ETag"] for item in found.get("Contents", [])}


def tracker(options):
    return TradeTracker(TradeStore(URI, storage_options=options), market=None, labeler=None)


def asked(options):
    return History(URI, storage_options=options).equity(())


def test_rows_are_stored_in_s3_and_follow_the_facts(s3):
    with tracker(s3) as live:
        live.record_bars([Bar(symbol="SPY", close_time=START + timedelta(hours=9), close=101.0)])
        live.record(FILL)
        first = asked(s3)
        files = periods(s3)
        assert (first["pnl"].tolist(), len(files)) == ([1.0], 2)
        live.flush()
        pd.testing.assert_frame_equal(asked(s3), first, check_exact=True)
        assert periods(s3) == files
        live.record(replace(FILL, trade_id="2", price=99.0))
        assert asked(s3)["pnl"].tolist() == [3.0]
        assert len(periods(s3)) == 2
        assert periods(s3) != files
    files = periods(s3)
    compact(URI, storage_options=s3)
    assert asked(s3)["pnl"].tolist() == [3.0]
    assert periods(s3) == files


def test_a_machine_without_the_journal_reads_what_is_in_the_tables(s3, tmp_path):
    with tracker(s3) as live:
        live.record(FILL)
        live.flush()
        live.record(replace(FILL, trade_id="2"))
        here = TradeStore(URI, storage_options=s3)
        elsewhere = TradeStore(URI, storage_options=s3, journal=tmp_path / "none.sqlite")
        assert History(here).equity(())["trades"].tolist() == [2]
        assert History(elsewhere).equity(())["trades"].tolist() == [1]
        assert History(here).equity(())["trades"].tolist() == [2]
        snapshot = Snapshot.of(here)
        sent = replace(snapshot, journal=tmp_path / "none.sqlite")
        assert snapshot.read("trades", ["trade_id"]).num_rows == 2
        with pytest.raises(StoreError, match="wait in the journal"):
            sent.read("trades", ["trade_id"])
    assert History(elsewhere).equity(())["trades"].tolist() == [2]


def test_a_bucket_for_reading_only_is_answered_from_each_time(s3, faults):
    with tracker(s3) as live:
        live.record(FILL)
    faults.put({"fault": "503", "method": "PUT", "path": "periods", "times": 100})
    options = s3 | {"AWS_ENDPOINT_URL": faults.url, "max_retries": "0"}
    assert asked(options)["trades"].tolist() == [1]
    assert asked(options)["trades"].tolist() == [1]
    assert periods(s3) == {}
    assert set(faults.met()) == {"503"}
