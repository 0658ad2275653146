"""A history in S3: a real HTTP server on the loopback answers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import polars as pl
import pytest
from deltalake import DeltaTable

from perfkit.errors import InvalidArgumentError, StoreError, StoreLockedError
from perfkit.store import TradeStore, verify
from perfkit.store.s3_access import S3Access

URI = "s3://desk/perf/live"


@pytest.fixture
def store(s3):
    store = TradeStore(URI, storage_options=s3).open()
    yield store
    store.release()


def test_what_is_recorded_is_read_before_and_after_the_flush(store, s3, trades):
    store.append("trades", trades(300))
    assert store.read().num_rows == 300
    assert store.flush() == 300
    store.append("trades", trades(2, 300))
    store.close()
    reader = TradeStore(URI, storage_options=s3)
    assert reader.read().num_rows == 302
    assert reader.read(where=pl.col("sequence") > 300, columns=["trade_id"]).to_pydict() == {
        "trade_id": ["T300", "T301"]
    }
    assert reader.read("cash").num_rows == 0
    report = verify(URI, storage_options=s3)
    assert report.is_clean
    assert report.table_rows["trades"] == 302


def test_close_leaves_everything_in_s3_for_another_machine(store, s3, trades, tmp_path):
    store.append("trades", trades(5))
    store.close()
    elsewhere = TradeStore(URI, storage_options=s3, journal=tmp_path / "elsewhere" / "journal")
    assert elsewhere.read().num_rows == 5
    with elsewhere:
        assert elsewhere.append("trades", trades(1, 5)).first_sequence == 6
    assert TradeStore(URI, storage_options=s3).read().num_rows == 6
    # and the first machine, whose journal has seen five, goes on above the six
    with TradeStore(URI, storage_options=s3) as again:
        assert again.append("trades", trades(1, 6)).first_sequence == 7


JOB = """
from datetime import UTC, datetime
from perfkit import Fill, TradeTracker

with TradeTracker("s3://desk/perf/live") as tracker:
    receipt = tracker.record(Fill(
        trade_id="T1", account_id="acc_1", strategy_id="trend", symbol="SPY", side="buy",
        execution_time=datetime(2024, 5, 1, tzinfo=UTC), price=500.0, volume=2.0))
    assert receipt.durable
"""


def test_a_short_lived_job_leaves_everything_in_s3(s3, tmp_path):
    state = tmp_path / "state"
    environment = os.environ | s3 | {"XDG_STATE_HOME": str(state)}
    subprocess.run([sys.executable, "-c", JOB], check=True, env=environment)
    shutil.rmtree(state)  # the machine is gone, and its journal with it
    assert TradeStore(URI, storage_options=s3).read()["trade_id"].to_pylist() == ["T1"]


def test_a_hint_or_checkpoint_that_leads_astray_is_set_aside(store, s3, trades):
    store.append("trades", trades(3))
    store.close()
    DeltaTable(f"{URI}/trades", storage_options=s3).create_checkpoint()
    client = S3Access(s3).client
    log = "perf/live/trades/_delta_log"
    checkpoint = f"{log}/00000000000000000001.checkpoint.parquet"
    for key in (checkpoint, f"{log}/_last_checkpoint"):
        client.put_object(Bucket="desk", Key=key, Body=b"")
        looked = verify(URI, storage_options=s3, dry_run=True)
        assert not looked.is_clean
        report = verify(URI, storage_options=s3)
        assert (report.damaged, len(report.repaired)) == ((), 2 if key == checkpoint else 1)
        assert TradeStore(URI, storage_options=s3).read().num_rows == 3
    found = client.list_objects_v2(Bucket="desk", Prefix="perf/live/trades/_damaged/")
    aside = "perf/live/trades/_damaged/_delta_log"
    assert [item["Key"] for item in found["Contents"]] == [
        f"{aside}/{checkpoint.rpartition('/')[2]}",
        f"{aside}/_last_checkpoint",
        f"{aside}/_last_checkpoint.2",
    ]
    assert verify(URI, storage_options=s3).repaired == ()


def test_an_object_that_is_gone_or_other_is_damage(store, s3, trades):
    store.append("trades", trades(200))
    store.close()
    client = S3Access(s3).client
    found = client.list_objects_v2(Bucket="desk", Prefix="perf/live/trades/month=")["Contents"]
    first, second = (item["Key"] for item in found)
    client.delete_object(Bucket="desk", Key=first)
    client.put_object(Bucket="desk", Key=second, Body=b"other")
    assert set(verify(URI, storage_options=s3).damaged) == {
        f"{first.removeprefix('perf/live/')} is gone; it held 124 rows, numbered 1 to 124",
        f"{second.removeprefix('perf/live/')} has other bytes than were written; "
        "it held 76 rows, numbered 125 to 200",
    }


def test_the_journal_lies_in_the_state_folder_of_this_machine(store, tmp_path):
    (journal,) = (tmp_path / "state" / "perfkit").rglob("journal.sqlite")
    assert journal.is_file()


def test_a_second_writer_of_this_machine_is_refused(store, s3):
    with pytest.raises(StoreLockedError):
        TradeStore(URI, storage_options=s3).open()


def test_options_may_come_from_the_environment(s3, monkeypatch, trades):
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    with TradeStore(URI) as store:
        store.append("trades", trades(1))
    assert TradeStore(URI).read().num_rows == 1


def test_an_absent_history_says_where_it_looked(s3):
    with pytest.raises(StoreError, match="no history at s3://desk/none"):
        TradeStore("s3://desk/none", storage_options=s3).read()


def test_a_bucket_that_does_not_exist_is_named(s3):
    with pytest.raises(StoreError, match=r"s3://nobody/perf: .*NoSuchBucket"):
        TradeStore("s3://nobody/perf", storage_options=s3).open()


def test_a_store_that_ignores_the_condition_is_refused(tmp_path, s3, trades):
    class Careless(BaseHTTPRequestHandler):
        def do_PUT(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = s3 | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
    store = TradeStore(URI, storage_options=options)
    with pytest.raises(StoreError, match="would lose acknowledged trades"):
        store.append("trades", trades(1))
    server.shutdown()
    server.server_close()


def test_without_boto3_the_extra_is_named(s3, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "boto3" else find_spec(name)
    )
    with pytest.raises(StoreError, match=r"install perfkit\[s3\]"):
        TradeStore(URI, storage_options=s3).open()


def test_an_uri_without_a_bucket_is_refused():
    with pytest.raises(InvalidArgumentError, match="name the bucket"):
        TradeStore("s3://")
