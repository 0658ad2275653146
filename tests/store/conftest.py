"""Rows for the tests of the store, and a place in S3."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from perfkit.records import TradeRecord, to_table


@pytest.fixture(scope="session")
def trades():
    """Make trades, six hours apart from 2024 on: trades(count, start=0, **fields)."""

    def make(count, start=0, **fields):
        values = {
            "account_id": "acc_1",
            "strategy_id": "trend",
            "symbol": "SPY",
            "side": "buy",
            "price": 100.0,
            "volume": 1.0,
        } | fields
        begin = datetime(2024, 1, 1, tzinfo=UTC)
        return to_table(
            [
                TradeRecord(
                    trade_id=f"T{n}", execution_time=begin + timedelta(hours=6 * n), **values
                )
                for n in range(start, start + count)
            ],
            TradeRecord,
        )

    return make


@pytest.fixture(scope="session")
def s3_server():
    """A process of its own: delta-rs holds the interpreter's lock while it waits for an answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture
def s3(s3_server, tmp_path, monkeypatch):
    """A bucket ``desk``; gives the storage options that lead to it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    options = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="desk")
    yield options
    for item in client.list_objects_v2(Bucket="desk").get("Contents", []):
        client.delete_object(Bucket="desk", Key=item["Key"])
    client.delete_bucket(Bucket="desk")


class Faults:
    """Remote control of the proxy before S3; what it can do stands in `fault_proxy`."""

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


@pytest.fixture(scope="session")
def proxy(s3_server):
    script = Path(__file__).with_name("fault_proxy.py")
    process = subprocess.Popen(
        [sys.executable, str(script), s3_server],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield Faults(f"http://127.0.0.1:{process.stdout.readline().strip()}")
    process.stdout.close()
    process.terminate()
    process.wait()


@pytest.fixture
def faults(proxy):
    """The proxy, as yet without a fault."""
    proxy.put()
    yield proxy
    proxy.put()
