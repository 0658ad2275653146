"""A history in S3: a real HTTP server on the loopback answers."""

from __future__ import annotations

import importlib.util
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import polars as pl
import pytest

from perfkit.errors import InvalidArgumentError, StoreError, StoreLockedError
from perfkit.store import TradeStore, verify

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
