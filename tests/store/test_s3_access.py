"""Who we are in S3, and where it is: the usual AWS chain, for all three clients alike."""

from __future__ import annotations

import sys
import textwrap

import pytest

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.store import TradeStore, verify
from perfkit.store.s3_access import S3Access

URI = "s3://desk/perf"
GIVEN = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")


@pytest.fixture
def home(s3, tmp_path, monkeypatch):
    """An AWS home without credentials: home(config, credentials) writes it."""
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    def write(config, credentials=""):
        (tmp_path / "config").write_text(textwrap.dedent(config))
        (tmp_path / "credentials").write_text(textwrap.dedent(credentials))

    write("")
    return write


def signed_by(faults):
    """The keys of all requests, by what was asked for."""
    keys = {}
    for request in faults.seen():
        kind = "data" if ".parquet" in request["path"] else "log"
        key = request["authorization"].partition("Credential=")[2].partition("/")[0]
        keys.setdefault((request["method"], kind), set()).add(key)
    return keys


def test_a_profile_is_used_by_everyone_who_asks(home, faults, trades, monkeypatch):
    home(
        f"[profile desk]\nregion = us-east-1\nendpoint_url = {faults.url}\n",
        "[desk]\naws_access_key_id = AKPROFILE\naws_secret_access_key = s\n",
    )
    monkeypatch.setenv("AWS_PROFILE", "desk")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-other-keys")
    with TradeStore(URI) as store:
        store.append("trades", trades(3))
    assert TradeStore(URI).read().num_rows == 3
    assert verify(URI).is_clean
    keys = signed_by(faults)
    assert keys.keys() >= {("PUT", "data"), ("PUT", "log"), ("GET", "data"), ("GET", "log")}
    assert set().union(*keys.values()) == {"AKPROFILE"}
    assert {request["token"] for request in faults.seen()} == {""}


def test_a_profile_may_be_a_storage_option(home, faults, trades):
    home(
        "[profile desk]\nregion = us-east-1\n",
        "[desk]\naws_access_key_id = AKOPTION\naws_secret_access_key = s\n",
    )
    options = {"AWS_PROFILE": "desk", "AWS_ENDPOINT_URL": faults.url}
    with TradeStore(URI, storage_options=options) as store:
        store.append("trades", trades(3))
    assert TradeStore(URI, storage_options=options).read().num_rows == 3
    assert set().union(*signed_by(faults).values()) == {"AKOPTION"}


def test_credentials_that_expire_are_fetched_anew(home, faults, trades, tmp_path):
    """Those of a role, say; here a process gives others each time, good for a minute."""
    script = tmp_path / "keys.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import json, pathlib
            from datetime import UTC, datetime, timedelta
            count = pathlib.Path({str(tmp_path / "count")!r})
            number = int(count.read_text()) + 1 if count.exists() else 1
            count.write_text(str(number))
            print(json.dumps({{
                "Version": 1, "AccessKeyId": f"AKROLE{{number}}", "SecretAccessKey": "s",
                "SessionToken": f"token{{number}}",
                "Expiration": (datetime.now(UTC) + timedelta(minutes=1)).isoformat(),
            }}))
            """
        )
    )
    home(f"[default]\nregion = us-east-1\ncredential_process = {sys.executable} {script}\n")
    access = S3Access({"AWS_ENDPOINT_URL": faults.url})
    keys = [access.for_delta["AWS_ACCESS_KEY_ID"], access.for_polars["AWS_ACCESS_KEY_ID"]]
    assert keys[0] != keys[1]
    with TradeStore(URI, storage_options={"AWS_ENDPOINT_URL": faults.url}) as store:
        store.append("trades", trades(3))
        store.flush()
        first = set().union(*signed_by(faults).values())
        faults.put()
        store.append("trades", trades(3, 3))
        store.flush()
        assert not first & set().union(*signed_by(faults).values())
        assert all(request["token"].startswith("token") for request in faults.seen())
        assert store.read().num_rows == 6


def test_the_endpoint_may_come_from_the_environment(s3, faults, trades, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", faults.url)
    options = {key: s3[key] for key in GIVEN[:3]}
    with TradeStore(URI, storage_options=options) as store:
        store.append("trades", trades(1))
    assert TradeStore(URI, storage_options=options).read().num_rows == 1
    assert ("GET", "data") in signed_by(faults)


def test_without_credentials_it_is_said_where_they_may_come_from(home, faults):
    with pytest.raises(StoreError, match="no credentials for S3 were found; give AWS_PROFILE"):
        TradeStore(URI, storage_options={"AWS_ENDPOINT_URL": faults.url}).read()


def test_a_profile_that_does_not_exist_is_named(home, faults):
    options = {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": faults.url}
    with pytest.raises(StoreError, match="nobody"):
        TradeStore(URI, storage_options=options).read()


def test_the_number_of_retries_must_be_a_number():
    with pytest.raises(InvalidArgumentError, match="max_retries"):
        TradeStore(URI, storage_options={"max_retries": "often"})
