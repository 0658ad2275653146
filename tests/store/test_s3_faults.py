"""S3 that fails: each row arrives once, or it is said clearly and the row waits in the journal."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from perfkit.errors import StoreError
from perfkit.store import TradeStore, verify

URI = "s3://desk/perf"
COMMIT = r"_delta_log/.*\.json"
DATA = r"/part-[0-9a-f]+\.parquet"


class Faults:
    """The proxy's remote control."""

    def __init__(self, url):
        self.url = url

    def put(self, *faults):
        body = json.dumps(faults).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_faults", body)).close()

    def seen(self):
        with urllib.request.urlopen(f"{self.url}/_seen") as answer:
            return json.load(answer)

    def met(self):
        return [request["fault"] for request in self.seen() if "fault" in request]


@pytest.fixture(scope="module")
def proxy(s3_server):
    command = [sys.executable, str(Path(__file__).with_name("fault_proxy.py")), s3_server]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    yield Faults(f"http://127.0.0.1:{process.stdout.readline().strip()}")
    process.stdout.close()
    process.terminate()
    process.wait()


@pytest.fixture
def faults(proxy):
    proxy.put()
    yield proxy
    proxy.put()


@pytest.fixture
def options(s3, faults):
    return s3 | {"AWS_ENDPOINT_URL": faults.url, "backoff_config.init_backoff": "10ms"}


@pytest.fixture
def store(options, trades):
    store = TradeStore(URI, storage_options=options).open()
    store.append("trades", trades(10))
    store.flush()
    store.append("trades", trades(10, 10))
    yield store
    store.release()


def each_once(options, count):
    report = verify(URI, storage_options=options, dry_run=True)
    assert (report.damaged, report.warnings) == ((), ())
    found = TradeStore(URI, storage_options=options).read(columns=["trade_id"])
    assert found["trade_id"].to_pylist() == [f"T{n}" for n in range(count)]


@pytest.mark.parametrize("fault", ["500", "503", "drop"])
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", DATA), ("PUT", COMMIT), ("GET", DATA), ("GET", "list-type")]
)
def test_a_request_that_fails_is_made_again(store, options, faults, fault, method, path):
    faults.put({"fault": fault, "method": method, "path": path, "times": 2})
    assert store.flush() == 10
    assert faults.met() == [fault, fault]
    each_once(options, 20)


@pytest.mark.parametrize("fault", ["lost", "twice", "slow"])
@pytest.mark.parametrize("path", [DATA, COMMIT])
def test_a_put_that_arrives_twice_or_without_an_answer_records_its_rows_once(
    s3, options, faults, trades, fault, path
):
    patient = options | {"timeout": "1s"}
    with TradeStore(URI, storage_options=patient) as store:
        store.append("trades", trades(10))
        faults.put({"fault": fault, "method": "PUT", "path": path, "seconds": 2.5})
        try:
            store.flush()
        except StoreError as error:
            assert "journal" in str(error)
        assert faults.met() == [fault]
        assert store.append("trades", trades(10, 10)).accepted == 10
    each_once(options, 20)


@pytest.mark.parametrize("fault", ["503", "500", "drop"])
def test_while_s3_is_down_recording_goes_on_and_the_next_flush_delivers(
    options, faults, trades, fault
):
    impatient = options | {"max_retries": "1"}
    store = TradeStore(URI, storage_options=impatient).open()
    store.append("trades", trades(10))
    faults.put(
        *(
            {"fault": fault, "method": method, "path": ".", "times": 10**6}
            for method in ("GET", "PUT")
        )
    )
    with pytest.raises(StoreError, match="journal"):
        store.flush()
    assert store.append("trades", trades(10, 10)).accepted == 10
    with pytest.raises(StoreError):
        store.close()
    faults.put()
    with TradeStore(URI, storage_options=impatient) as store:
        assert store.flush() == 20
    each_once(options, 20)


@pytest.mark.parametrize("fault", ["500", "503", "drop", "cut"])
def test_a_read_that_fails_is_made_again(store, options, faults, fault):
    store.close()
    faults.put({"fault": fault, "method": "GET", "path": DATA, "times": 2})
    each_once(options, 20)
    assert faults.met() == [fault, fault]
    faults.put({"fault": fault, "method": "GET", "path": DATA, "times": 2})
    assert TradeStore(URI, storage_options=options).read().num_rows == 20
    assert faults.met() == [fault, fault]


def test_an_answer_that_always_breaks_off_is_said_and_is_no_damage(store, options, faults):
    store.close()
    faults.put({"fault": "cut", "method": "GET", "path": DATA, "times": 10**6})
    with pytest.raises(StoreError, match="broke off 4 times"):
        verify(URI, storage_options=options)
