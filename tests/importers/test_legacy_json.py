"""The old tracker's JSON, and what the old tracker answered wrongly."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.platforms.legacy_json import read_legacy_json
from perfkit.ledger import Ledger


def _order(number, side, quantity, price, **changes):
    order = {
        "order_id": f"o-{number}",
        "strategy": "NUCLEAR",
        "symbol": "SMR",
        "side": side,
        "quantity": quantity,
        "price": price,
        "timestamp": f"2025-07-01T19:35:{number:02d}.123456+00:00",
    }
    return {**order, **changes}


def _position(quantity, symbol="SMR"):
    return {
        "strategy": "NUCLEAR",
        "symbol": symbol,
        "quantity": quantity,
        "average_cost": 50.0,
        "total_cost": 50.0 * quantity,
        "last_updated": "2025-07-01T19:35:02+00:00",
    }


def _read(source, **changes):
    return read_legacy_json(source, **{"account": "paper", **changes})


def _day(date, **strategies):
    return {"date": date, "timestamp": f"{date}T20:00:00+00:00", "strategies": strategies}


def _closed(realized, unrealized, positions, value):
    return {
        "strategy": "NUCLEAR",
        "realized_pnl": realized,
        "unrealized_pnl": unrealized,
        "total_pnl": realized + unrealized,
        "positions": positions,
        "allocation_value": value,
    }


def _files(orders, positions=None, realized=None, days=()):
    files = {"strategy_orders/recent_orders.json": {"orders": orders}}
    if positions is not None:
        files["strategy_positions/current_positions.json"] = {"positions": positions}
    if realized is not None:
        files["strategy_positions/realized_pnl.json"] = realized
    return files | {f"strategy_pnl_history/{day['date']}.json": day for day in days}


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """Put files into a bucket ``old-desk``: bucket({key: content})."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3")

    def fill(files):
        client.create_bucket(Bucket="old-desk")
        for name, content in files.items():
            client.put_object(Bucket="old-desk", Key=name, Body=json.dumps(content).encode())

    yield fill
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="old-desk")
    for page in pages:
        for item in page.get("Contents", []):
            client.delete_object(Bucket="old-desk", Key=item["Key"])
    client.delete_bucket(Bucket="old-desk")


@pytest.fixture
def tree(tmp_path):
    """Write the old tracker's tree: tree(orders, positions, realized, days)."""

    def write(*parts):
        for name, content in _files(*parts).items():
            path = tmp_path / "paper" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        return tmp_path / "paper"

    return write


def test_an_order_is_a_fill():
    fill = _read({"orders": [_order(1, "BUY", 100.0, 50.0)]}).fills.to_pylist()[0]
    assert (fill["trade_id"], fill["order_id"]) == ("o-1", "o-1")
    assert (fill["strategy_id"], fill["symbol"], fill["side"]) == ("NUCLEAR", "SMR", "buy")
    assert (fill["volume"], fill["price"], fill["commission"]) == (100.0, 50.0, 0.0)
    assert fill["execution_time"] == datetime(2025, 7, 1, 19, 35, 1, 123456, tzinfo=UTC)


def test_an_object_a_list_and_a_file_read_alike(tmp_path):
    orders = [_order(1, "BUY", 100.0, 50.0), _order(2, "SELL", 40.0, 60.0, commission=1.5)]
    path = tmp_path / "recent_orders.json"
    path.write_text(json.dumps({"orders": orders}))
    expected = _read({"orders": orders}).fills
    assert expected["commission"].to_pylist() == [0.0, 1.5]
    assert _read(orders).fills.equals(expected)
    assert _read(path).fills.equals(expected)


@pytest.mark.parametrize(
    ("orders", "realized", "held"),
    [
        ([("BUY", 100, 50), ("SELL", 100, 60)], 1000.0, 0.0),
        ([("BUY", 100, 50), ("SELL", 40, 60), ("SELL", 60, 60)], 1000.0, 0.0),
        ([("BUY", 100, 50), ("SELL", 150, 60)], 1000.0, -50.0),
        ([("SELL", 100, 60), ("BUY", 100, 50)], 1000.0, 0.0),
    ],
)
def test_what_the_old_tracker_got_wrong_comes_out_right(orders, realized, held):
    rows = [_order(n, *order) for n, order in enumerate(orders)]
    books = Ledger("average").apply(_read({"orders": rows}).fills)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(realized)
    assert books["position"].to_pylist()[-1] == held


def test_an_order_that_stands_there_twice_counts_once():
    order = _order(1, "BUY", 100.0, 50.0)
    result = _read({"orders": [order, order]})
    assert (result.read, result.recorded, result.fills.num_rows) == (2, 1, 1)
    assert [r.reason for r in result.skipped] == ["the same record, with the same id, again"]


def test_the_same_id_with_another_order_is_refused():
    result = _read([_order(1, "BUY", 100.0, 50.0), {**_order(1, "BUY", 90.0, 50.0)}])
    assert [(r.line, r.field) for r in result.refused] == [(2, "trade_id")]


def test_a_time_without_a_zone_is_utc_unless_told():
    order = _order(1, "BUY", 1.0, 1.0, timestamp="2025-07-01T10:00:00")
    assert _read([order]).fills["execution_time"][0].as_py().hour == 10
    assert _read([order], zone="America/New_York").fills["execution_time"][0].as_py().hour == 14
    with pytest.raises(InvalidArgumentError, match="must be an IANA name"):
        _read([order], zone="Nowhere/Land")


def test_every_row_of_a_folder_is_recorded_skipped_or_refused(tree):
    orders = [_order(1, "BUY", 100.0, 50.0), _order(2, "SELL", 40.0, 60.0)]
    folder = tree(
        orders,
        [_position(60.0)],
        {"NUCLEAR": 400.0},
        [_day("2025-07-01", NUCLEAR=_closed(400.0, 0.0, {}, 0.0))],
    )
    result = _read(folder)
    assert (result.read, result.recorded, len(result.skipped), result.refused) == (5, 3, 2, ())
    assert (result.fills.num_rows, result.pnl.num_rows) == (2, 1)
    assert [row.reason for row in result.skipped] == [
        "a position that the orders add up to",
        "realised P&L that the orders add up to",
    ]
    assert [claim.verdict for claim in result.claims] == ["equal", "equal"]


def test_a_folder_without_positions_is_read_too(tree):
    assert _read(tree([_order(1, "BUY", 1.0, 1.0)])).recorded == 1


def test_a_position_that_the_orders_do_not_explain_is_reported(tree):
    # older orders than the last 1,000 are gone: 250 held, 60 explained
    folder = tree(
        [_order(1, "BUY", 100.0, 50.0), _order(2, "SELL", 40.0, 60.0)], [_position(250.0)]
    )
    result = _read(folder)
    (refused,) = result.refused
    assert (refused.line, refused.field) == (3, "volume")
    assert "must be 60, what the orders of NUCLEAR in SMR add up to, was 250" in refused.reason
    assert [claim.verdict for claim in result.claims] == ["unexplained"]


# What the old tracker says of each history is worked out by hand from its rules: a sale
# first takes the position down, to zero with its cost when nothing is left, and books
# (price - cost) * quantity only while there still is a cost; without a position it is left out.
@pytest.mark.parametrize(
    ("orders", "claimed", "right", "reason"),
    [
        ([("BUY", 100, 50), ("SELL", 100, 60)], (0.0, 0.0), (0.0, 1000.0), "booked as no P&L"),
        (
            [("BUY", 100, 50), ("SELL", 40, 60), ("SELL", 60, 60)],
            (0.0, 400.0),
            (0.0, 1000.0),
            "booked as no P&L",
        ),
        (
            [("BUY", 100, 50), ("SELL", 150, 60)],
            (0.0, 0.0),
            (-50.0, 1000.0),
            "sold beyond a position was forgotten",
        ),
        (
            [("SELL", 100, 60), ("BUY", 100, 50)],
            (100.0, 0.0),
            (0.0, 1000.0),
            "a sale without a position was left out",
        ),
    ],
    ids=["closed", "closed in parts", "flipped", "short first"],
)
def test_what_the_old_tracker_got_wrong_is_named_beside_what_is_right(
    tree, orders, claimed, right, reason
):
    rows = [_order(n, *order) for n, order in enumerate(orders)]
    result = _read(tree(rows, [_position(claimed[0])], {"NUCLEAR": claimed[1]}))
    position, realized = result.claims
    assert (position.claimed, position.right) == (claimed[0], right[0])
    assert (realized.claimed, realized.right) == (claimed[1], right[1])
    assert (realized.verdict, position.verdict) == (
        "wrong",
        "equal" if claimed[0] == right[0] else "wrong",
    )
    assert reason in realized.reason
    assert result.refused == ()
    assert result.skipped[-1].reason.startswith("realised P&L that the old tracker got wrong: ")


def test_an_order_that_the_old_tracker_counted_twice_is_named(tree):
    order = _order(1, "BUY", 100.0, 50.0)
    result = _read(tree([order, order], [_position(200.0)]))
    (claim,) = result.claims
    assert (claim.claimed, claim.right, claim.verdict) == (200.0, 100.0, "wrong")
    assert "stands in the file twice was counted twice" in claim.reason


def test_realised_pnl_that_the_orders_do_not_explain_is_reported(tree):
    result = _read(tree([_order(1, "BUY", 1.0, 1.0)], None, {"NUCLEAR": 77.0}))
    (refused,) = result.refused
    assert (refused.line, refused.field) == (2, "realized_pnl")
    assert "must be 0, what the orders of NUCLEAR add up to, was 77" in refused.reason


def test_an_order_counted_twice_does_not_hide_or_make_a_gap(tree):
    order = _order(1, "BUY", 100.0, 50.0)
    assert _read(tree([order, order], [_position(100.0)])).refused == ()


def test_a_closed_day_is_an_entry_that_names_its_source(tree):
    day = _day("2025-07-01", NUCLEAR=_closed(400.0, 150.0, {"SMR": 60.0}, 3150.0))
    (entry,) = _read(tree([_order(1, "BUY", 60.0, 50.0)], None, None, [day])).pnl.to_pylist()
    assert (entry["account_id"], entry["strategy_id"]) == ("paper", "NUCLEAR")
    assert entry["day"] == datetime(2025, 7, 1, tzinfo=UTC)
    money = ("realized_pnl", "unrealized_pnl", "total_pnl", "market_value", "fees")
    assert [entry[name] for name in money] == [400.0, 150.0, 550.0, 3150.0, None]
    assert (entry["source"], entry["reason"], entry["day_end"]) == ("legacy_json", None, None)


def test_a_day_that_was_closed_without_prices_is_not_taken_for_nothing_gained(tree):
    day = _day("2025-07-01", NUCLEAR=_closed(400.0, 0.0, {"SMR": 60.0}, 0.0))
    (entry,) = _read(tree([_order(1, "BUY", 60.0, 50.0)], None, None, [day])).pnl.to_pylist()
    assert (entry["realized_pnl"], entry["total_pnl"], entry["reason"]) == (400.0, None, "no_price")
    assert entry["unpriced"] == ["SMR"]


def test_a_day_of_a_strategy_that_never_traded_is_skipped(tree):
    day = _day("2025-07-01", KLM=_closed(0.0, 0.0, {}, 0.0) | {"strategy": "KLM"})
    result = _read(tree([_order(1, "BUY", 60.0, 50.0)], None, None, [day]))
    assert result.pnl.num_rows == 0
    assert result.skipped[-1].reason == "a day of a strategy that held and had earned nothing"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"realized_pnl": "x"}, "realized_pnl"),
        ({"total_pnl": math.inf}, "row"),
        ({"positions": 5}, "row"),
    ],
)
def test_a_closed_day_that_breaks_a_rule_is_refused(tree, changes, field):
    day = _day("2025-07-01", NUCLEAR=_closed(1.0, 1.0, {}, 0.0) | changes)
    (refused,) = _read(tree([], None, None, [day])).refused
    assert (refused.line, refused.field) == (1, field)


def test_a_file_of_closed_days_without_a_date_is_refused(tree):
    day = _day("2025-07-01", NUCLEAR=_closed(1.0, 1.0, {}, 0.0))
    folder = tree([], None, None, [day])
    (folder / "strategy_pnl_history" / "2025-07-01.json").write_text(
        json.dumps(day | {"date": "July"})
    )
    (refused,) = _read(folder).refused
    assert "must be a date such as 2025-07-01, was 'July'" in refused.reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("strategy_positions/realized_pnl.json", [1]),
        ("strategy_positions/current_positions.json", {"positions": {}}),
        ("strategy_pnl_history/2025-07-01.json", {"date": "2025-07-01"}),
    ],
)
def test_a_file_of_the_tree_in_another_shape_is_an_error(tree, name, content):
    folder = tree([], [], {"NUCLEAR": 0.0}, [_day("2025-07-01")])
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(ImportFormatError, match="must be"):
        _read(folder)


def test_an_address_in_s3_reads_as_the_folder_that_it_was_copied_to(tree, bucket):
    orders = [_order(1, "BUY", 100.0, 50.0), _order(2, "SELL", 100.0, 60.0)]
    days = [_day(f"2025-07-{n:02d}", NUCLEAR=_closed(0.0, 5.0, {"SMR": 1.0}, 9.0)) for n in (1, 2)]
    parts = (orders, [_position(0.0)], {"NUCLEAR": 0.0}, days)
    bucket({f"paper/{name}": content for name, content in _files(*parts).items()})
    ours, theirs = _read(tree(*parts)), _read("s3://old-desk/paper/")
    assert theirs.fills.equals(ours.fills)
    assert theirs.pnl.equals(ours.pnl)
    assert (theirs.claims, theirs.read) == (ours.claims, ours.read)
    assert _read(Path("s3://old-desk/paper")).fills.equals(ours.fills)


def test_a_history_of_more_days_than_one_answer_of_s3_lists_is_read_whole(bucket, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    closed = _closed(0.0, 5.0, {"SMR": 1.0}, 9.0)
    days = [_day(f"2025-07-{n:02d}", NUCLEAR=closed) for n in range(1, 8)]
    bucket({f"live/{name}": content for name, content in _files([], None, None, days).items()})
    assert _read("s3://old-desk/live", account="live").pnl["day"].to_pylist() == [
        datetime(2025, 7, n, tzinfo=UTC) for n in range(1, 8)
    ]


def test_a_bucket_without_orders_and_one_that_is_not_there_are_errors(bucket):
    bucket({"paper/other.json": {}})
    with pytest.raises(ImportFormatError, match=r"must hold strategy_orders/recent_orders\.json"):
        _read("s3://old-desk/paper")
    with pytest.raises(ImportFormatError, match=r"S3 refused list_objects_v2.*NoSuchBucket"):
        _read("s3://no-such-desk/paper")


def test_both_accounts_at_once_are_an_error(tree):
    folder = tree([]).parent
    with pytest.raises(ImportFormatError, match="give 'paper' or 'live' itself"):
        _read(folder)


@pytest.mark.parametrize("content", [{"positions": []}, {"orders": {}}, {"orders": [1]}, "x"])
def test_another_file_is_an_error(tmp_path, content):
    path = tmp_path / "recent_orders.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ImportFormatError, match="must be"):
        _read(path)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": 0.0}, "volume"),
        ({"quantity": None}, "volume"),
        ({"price": "?"}, "price"),
        ({"side": "HOLD"}, "side"),
        ({"symbol": ""}, "symbol"),
        ({"timestamp": None}, "execution_time"),
        ({"order_id": None}, "order_id"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused(changes, field):
    result = _read([_order(1, "BUY", 1.0, 1.0), {**_order(2, "BUY", 1.0, 1.0), **changes}])
    assert [(r.line, r.field) for r in result.refused] == [(2, field)]


def test_the_account_must_be_told():
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        read_legacy_json([])
