"""S3 that fails: each row arrives once, or it is said clearly and the row waits in the journal."""

from __future__ import annotations

import pytest

from perfkit.errors import StoreError
from perfkit.store import TradeStore, verify

URI = "s3://desk/perf"
COMMIT = r"_delta_log/.*\.json"
DATA = r"/part-[0-9a-f]+\.parquet"


@pytest.fixture
def options(s3, faults):
    return s3 | {"AWS_ENDPOINT_URL": faults.url, "backoff_config.init_backoff": "10ms"}


@pytest.fixture
def more(trades):
    """Append ten trades to a store: more(store)."""
    count = 0

    def append(store):
        nonlocal count
        assert store.append("trades", trades(10, count)).accepted == 10
        count += 10
        return count

    return append


def each_once(options, count):
    report = verify(URI, storage_options=options, dry_run=True)
    assert (report.damaged, report.warnings) == ((), ())
    found = TradeStore(URI, storage_options=options).read(columns=["trade_id"])
    assert found["trade_id"].to_pylist() == [f"T{n}" for n in range(count)]


def test_a_request_that_fails_is_made_again(options, faults, more):
    with TradeStore(URI, storage_options=options) as store:
        for method, path, fault in (
            ("PUT", DATA, "500"),
            ("PUT", DATA, "drop"),
            ("PUT", COMMIT, "503"),
            ("PUT", COMMIT, "drop"),
            ("GET", DATA, "503"),
            ("GET", "list-type", "500"),
        ):
            count = more(store)
            faults.put({"fault": fault, "method": method, "path": path, "times": 2})
            assert store.flush() == 10
            assert faults.met() == [fault, fault]
    for fault in ("500", "503", "drop", "cut"):
        faults.put({"fault": fault, "method": "GET", "path": DATA, "times": 2})
        assert TradeStore(URI, storage_options=options).read().num_rows == count
        assert faults.met() == [fault, fault]
    faults.put({"fault": "cut", "method": "GET", "path": DATA, "times": 3})
    each_once(options, count)
    faults.put({"fault": "cut", "method": "GET", "path": DATA, "times": 10**6})
    with pytest.raises(StoreError, match="broke off 4 times"):  # which is no damage
        verify(URI, storage_options=options)


def test_a_put_that_arrives_twice_late_or_unanswered_records_its_rows_once(options, faults, more):
    """The store may say that it does not know; asked again, it finds the rows or delivers them."""
    refused = []
    with TradeStore(URI, storage_options=options | {"timeout": "1s"}) as store:
        for path in (DATA, COMMIT):
            for fault in ("lost", "twice", "slow"):
                more(store)
                faults.put({"fault": fault, "method": "PUT", "path": path, "seconds": 2.5})
                try:
                    store.flush()
                except StoreError as error:
                    refused.append(str(error))
                assert faults.met() == [fault]
                count = more(store)
    assert refused != []
    assert all("desk/perf" in said for said in refused)
    each_once(options, count)


def test_while_s3_is_down_recording_goes_on_and_the_next_flush_delivers(options, faults, more):
    options = options | {"max_retries": "1"}
    store = TradeStore(URI, storage_options=options).open()
    for fault in ("503", "500", "drop"):
        more(store)
        faults.put(
            {"fault": fault, "method": "GET", "path": ".", "times": 10**6},
            {"fault": fault, "method": "PUT", "path": ".", "times": 10**6},
        )
        with pytest.raises(StoreError, match="desk/perf"):
            store.flush()
        more(store)
        faults.put()
        assert store.flush() == 20
    count = more(store)
    faults.put({"fault": "503", "method": "PUT", "path": ".", "times": 10**6})
    with pytest.raises(StoreError, match="desk/perf"):
        store.close()
    faults.put()
    with TradeStore(URI, storage_options=options) as store:
        assert store.flush() == 10
    each_once(options, count)
