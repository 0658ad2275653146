"""`perfkit archive`: closed days in the log; and the old tracker's tree, imported."""

from __future__ import annotations

import json

import pytest

from perfkit.store import TradeStore
from perfkit.store.pnl_log import PnlLog

FILLS = """trade_id,execution_time,symbol,side,price,volume,commission
t1,2024-01-30T15:00:00Z,SMR,buy,50,100,1
t2,2024-02-02T15:00:00Z,SMR,sell,60,40,1
"""
BAR = '{{"symbol": "SMR", "close_time": "{0}T21:00:00Z", "close": {1}}}\n'
BARS = [("2024-01-30", 51), ("2024-01-31", 52), ("2024-02-01", 53), ("2024-02-02", 54)]


def with_fills(perfkit, tmp_path):
    file = tmp_path / "fills.csv"
    file.write_text(FILLS)
    words = (
        "import",
        file,
        "--into",
        tmp_path / "desk",
        "--account",
        "main",
        "--strategy",
        "trend",
    )
    assert perfkit(*words).code == 0
    return tmp_path / "desk"


@pytest.fixture
def bare(perfkit, tmp_path):
    """A history without prices."""
    return with_fills(perfkit, tmp_path)


@pytest.fixture
def uri(perfkit, bare):
    """The same with four closes."""
    lines = "".join(BAR.format(*bar) for bar in BARS)
    assert perfkit("record", "--into", bare, stdin=lines).code == 0
    return bare


def rows(answer, name="days"):
    return json.loads(answer.out)[name]


def totals(uri):
    return [row["total_pnl"] for row in PnlLog(str(uri)).read().to_pylist()]


def test_every_day_is_archived_once(perfkit, uri):
    first, again = (perfkit("archive", uri) for _ in range(2))
    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith("4 days new, 0 corrected, 0 unchanged in the P&L log of ")
    assert again.out.startswith("0 days new, 0 corrected, 4 unchanged")
    # 100 at 50, closes of 51, 52, 53; 40 sold at 60 and 60 at 54; a dollar a fill
    assert totals(uri) == [99.0, 199.0, 299.0, 638.0]
    assert "638.00" in first.out


def test_what_is_learned_late_corrects_the_days(perfkit, uri):
    perfkit("archive", uri)
    late = (
        '{"trade_id": "t3", "account_id": "main", "strategy_id": "trend", "symbol": "SMR", '
        '"execution_time": "2024-02-01T12:00:00Z", "side": "buy", "price": 50, "volume": 10}'
    )
    assert perfkit("record", "--into", uri, stdin=late + "\n").code == 0
    assert perfkit("archive", uri).out.startswith("0 days new, 2 corrected, 2 unchanged")
    assert totals(uri) == [99.0, 199.0, 329.0, 678.0]


def test_the_changes_of_the_months_sum_to_the_last_total(perfkit, uri):
    months = rows(perfkit("archive", uri, "--monthly", "--json"), "months")
    assert [(month["month"], month["change"]) for month in months] == [
        ("2024-01", 199.0),
        ("2024-02", 439.0),
    ]
    shown = perfkit("archive", uri, "--monthly").out
    assert "2024-02" in shown
    assert "439.00" in shown


def test_a_day_without_a_price_has_no_total_and_says_so(perfkit, bare):
    answer = perfkit("archive", bare)
    assert answer.code == 0
    assert "2 days have no total, for want of a price or a rate (SMR)" in answer.out
    assert "no_price" in answer.out
    days = rows(perfkit("archive", bare, "--json"))
    assert [(day["realized_pnl"], day["total_pnl"]) for day in days] == [(0.0, None), (400.0, None)]


@pytest.mark.parametrize(
    ("name", "text"),
    [("prices.csv", "symbol,price\nSMR,55\n"), ("prices.json", '{"SMR": 55}')],
)
def test_prices_from_a_file_value_a_day(perfkit, bare, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    words = ("--day", "2024-02-05", "--prices", tmp_path / name)
    (day,) = rows(perfkit("archive", bare, *words, "--json"))
    # 400 closed, 60 at 55 that cost 50, two dollars of commission
    assert (day["day"][:10], day["total_pnl"]) == ("2024-02-05", 698.0)
    assert perfkit("archive", bare).out.startswith("2 days new, 0 corrected, 1 unchanged")


def test_prices_without_a_day_are_those_of_today(perfkit, bare, tmp_path):
    (tmp_path / "prices.json").write_text('{"SMR": 55}')
    days = rows(perfkit("archive", bare, "--prices", tmp_path / "prices.json", "--json"))
    assert [day["total_pnl"] for day in days] == [None, None, 698.0]


def test_the_day_ends_by_the_desks_clock_and_stays_so(perfkit, uri):
    clock = ("--zone", "America/New_York", "--cutoff", "17:00")
    assert perfkit("archive", uri, *clock).code == 0
    answer = perfkit("archive", uri)
    assert answer.code == 1
    assert "archive with the zone and cut-off of the log" in answer.err
    assert perfkit("archive", uri, *clock).out.startswith("0 days new, 0 corrected, 4 unchanged")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--day", "soon"), "--day must be a date such as 2024-03-28, was 'soon'"),
        (("--zone", "Nowhere"), "zone must be an IANA time zone"),
        (("--prices", "{}/none.csv"), "No such file"),
        (("--prices", "{}/junk.csv"), "must be a CSV with the columns symbol and price"),
        (("--prices", "{}/junk.json"), "must be a CSV with the columns symbol and price"),
        (("--prices", "{}/nan.json"), "prices must be finite numbers, was nan for 'SMR'"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_written(perfkit, uri, tmp_path, words, message):
    (tmp_path / "junk.csv").write_text("a,b\n1,2\n")
    (tmp_path / "junk.json").write_text("[1, 2]")
    (tmp_path / "nan.json").write_text('{"SMR": NaN}')
    answer = perfkit("archive", uri, *(word.format(tmp_path) for word in words))
    assert answer.code == 1
    assert message in answer.err
    assert totals(uri) == []


def test_a_history_that_is_not_there_is_not_made(perfkit, tmp_path):
    answer = perfkit("archive", tmp_path / "typo")
    assert answer.code == 1
    assert "there is no history at" in answer.err
    assert not (tmp_path / "typo").exists()


# --- the old tracker


def order(number, side, quantity, price):
    return {
        "order_id": f"o-{number}",
        "strategy": "NUCLEAR",
        "symbol": "SMR",
        "side": side,
        "quantity": quantity,
        "price": price,
        "timestamp": f"2025-07-01T19:35:{number:02d}+00:00",
    }


@pytest.fixture
def old(tmp_path):
    """Write the old tracker's tree: 100 bought at 50 and sold at 60, which it booked as 0."""

    def write(position=0.0):
        day = {"realized_pnl": 0.0, "unrealized_pnl": 7.0, "total_pnl": 7.0}
        day |= {"strategy": "NUCLEAR", "positions": {"SMR": 1.0}, "allocation_value": 57.0}
        held = {"strategy": "NUCLEAR", "symbol": "SMR", "quantity": position}
        files = {
            "strategy_orders/recent_orders.json": {
                "orders": [order(1, "BUY", 100, 50.0), order(2, "SELL", 100, 60.0)]
            },
            "strategy_positions/current_positions.json": {"positions": [held]},
            "strategy_positions/realized_pnl.json": {"NUCLEAR": 0.0},
            "strategy_pnl_history/2025-07-01.json": {
                "date": "2025-07-01",
                "strategies": {"NUCLEAR": day},
            },
        }
        for name, content in files.items():
            path = tmp_path / "paper" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        return tmp_path / "paper"

    return write


def test_the_old_trackers_tree_is_imported_and_its_mistakes_are_named(perfkit, old, tmp_path):
    into = tmp_path / "desk"
    words = ("import", old(), "--format", "legacy", "--account", "paper", "--into", into)
    answer = perfkit(*words)
    assert (answer.code, answer.err) == (0, "")
    assert "1 closed days, as their source claims" in answer.out
    assert "realized pnl of NUCLEAR: the old tracker says 0, right is 1,000" in answer.out
    assert "2 trades into" in answer.out
    (day,) = PnlLog(str(into)).read().to_pylist()
    assert (day["total_pnl"], day["source"]) == (7.0, "legacy_json")
    # archived from the orders, the day is right, and the claim remains for who asks
    assert perfkit("archive", into).out.startswith("0 days new, 1 corrected, 0 unchanged")
    (now,) = PnlLog(str(into)).read().to_pylist()
    assert (now["realized_pnl"], now["total_pnl"], now["source"]) == (1000.0, 1000.0, None)
    then = TradeStore(str(into)).as_of(day["recorded_at"])
    assert PnlLog(then).read()["total_pnl"].to_pylist() == [7.0]
    assert "1 known before" in perfkit(*words).out


def test_a_claim_that_the_orders_do_not_explain_stops_the_import(perfkit, old, tmp_path):
    into = tmp_path / "desk"
    words = ("import", old(30.0), "--format", "legacy", "--account", "paper", "--into", into)
    answer = perfkit(*words)
    assert answer.code == 1
    assert "must be 0, what the orders of NUCLEAR in SMR add up to, was 30" in answer.out
    assert not into.exists()
    answer = perfkit(*words, "--accept-refused")
    assert answer.code == 0
    assert "position of NUCLEAR SMR: the old tracker says 30, right is 0" in answer.out
