"""The old tracker's JSON, and what the old tracker answered wrongly."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

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


@pytest.fixture
def tree(tmp_path):
    def write(orders, positions=None):
        files = {
            "strategy_orders/recent_orders.json": {"orders": orders},
            "strategy_positions/realized_pnl.json": {"NUCLEAR": 0.0},
            "strategy_pnl_history/2025-07-01.json": {"date": "2025-07-01", "strategies": {}},
            "strategy_pnl_history/2025-07-02.json": {"date": "2025-07-02", "strategies": {}},
        }
        if positions is not None:
            files["strategy_positions/current_positions.json"] = {"positions": positions}
        for name, content in files.items():
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


def test_a_folder_gives_the_orders_and_counts_the_rest(tree):
    folder = tree([_order(1, "BUY", 100.0, 50.0), _order(2, "SELL", 40.0, 60.0)], [_position(60.0)])
    result = _read(folder)
    assert (result.fills.num_rows, result.refused) == (2, ())
    reasons = [r.reason for r in result.skipped]
    assert reasons[0] == "a position that the orders add up to"
    assert (
        reasons[1:]
        == ["P&L that the old tracker computed: it is computed anew from the orders"] * 3
    )
    assert result.read == 6


def test_a_folder_without_positions_is_read_too(tree):
    assert _read(tree([_order(1, "BUY", 1.0, 1.0)])).recorded == 1


def test_a_position_that_the_orders_do_not_explain_is_reported(tree):
    # older orders than the last 1,000 are gone: 250 held, 60 explained
    folder = tree(
        [_order(1, "BUY", 100.0, 50.0), _order(2, "SELL", 40.0, 60.0)], [_position(250.0)]
    )
    (refused,) = _read(folder).refused
    assert (refused.line, refused.field) == (3, "volume")
    assert "must be 60, what the orders of NUCLEAR in SMR add up to, was 250" in refused.reason


def test_a_short_position_that_the_old_tracker_forgot_is_reported(tree):
    folder = tree([_order(1, "SELL", 50.0, 60.0)], [_position(0.0)])
    (refused,) = _read(folder).refused
    assert "must be -50" in refused.reason


def test_an_order_counted_twice_does_not_hide_or_make_a_gap(tree):
    order = _order(1, "BUY", 100.0, 50.0)
    assert _read(tree([order, order], [_position(100.0)])).refused == ()


def test_both_accounts_at_once_are_an_error(tree):
    folder = tree([]).parent
    with pytest.raises(ImportFormatError, match="give the folder 'paper' or 'live' itself"):
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
