"""MetaTrader 5: deals, cash, and the contract size that a file does not say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.platforms.metatrader import read_metatrader
from perfkit.ledger import Ledger

NOON = 1704196800  # 2024-01-02 12:00 on the server's clock


def _deal(ticket, kind, entry, volume, price, **changes):
    deal = {
        "ticket": ticket,
        "order": 1000 + ticket,
        "time": NOON + ticket,
        "time_msc": 1000 * (NOON + ticket) + 250,
        "type": kind,
        "entry": entry,
        "magic": 42,
        "position_id": 1,
        "reason": 3,
        "volume": volume,
        "price": price,
        "commission": -0.5,
        "swap": 0.0,
        "profit": 0.0,
        "fee": 0.0,
        "symbol": "EURUSD",
        "comment": "",
        "external_id": "",
    }
    return {**deal, **changes}


# buy 0.1 lot at 1.1000, sell at 1.1050: 10,000 units gain 50.00
ENTRY = _deal(1, 0, 0, 0.1, 1.1000)
EXIT = _deal(2, 1, 1, 0.1, 1.1050, profit=50.0, swap=-1.2, fee=-0.1, reason=5)
BALANCE = _deal(3, 2, 0, 0.0, 0.0, profit=1000.0, commission=0.0, symbol="", magic=0, position_id=0)


def _read(*deals, **changes):
    settings = {
        "zone": "Europe/Athens",
        "account": "A1",
        "strategy": "hand",
        "contract_size": 100_000,
        **changes,
    }
    return read_metatrader(list(deals), **settings)


def test_a_deal_is_a_fill_of_its_magic_number():
    fill = _read(ENTRY).fills.to_pylist()[0]
    assert (fill["trade_id"], fill["order_id"], fill["strategy_id"]) == ("1", "1001", "42")
    assert (fill["side"], fill["volume"], fill["multiplier"]) == ("buy", 0.1, 100_000.0)
    assert fill["reason"] == "expert"


def test_times_count_the_server_s_clock():
    # Athens is two hours before UTC in winter
    time = _read(ENTRY).fills["execution_time"][0].as_py()
    assert time == datetime(2024, 1, 2, 10, 0, 1, 250_000, tzinfo=UTC)
    whole = {k: v for k, v in ENTRY.items() if k != "time_msc"}
    assert _read(whole).fills["execution_time"][0].as_py() == time.replace(microsecond=0)


def test_times_of_a_frame_that_were_converted_are_of_the_server_too():
    frame = pd.DataFrame([ENTRY]).drop(columns="time_msc")
    frame["time"] = pd.to_datetime(frame["time"], unit="s")
    fills = read_metatrader(frame, zone="Europe/Athens", account="A1", contract_size=100_000).fills
    assert fills["execution_time"][0].as_py() == datetime(2024, 1, 2, 10, 0, 1, tzinfo=UTC)


def test_costs_are_negative_and_become_positive():
    assert _read(ENTRY, EXIT).fills["commission"].to_pylist() == pytest.approx([0.5, 0.6])


def test_swap_is_interest_of_the_symbol():
    (cash,) = _read(ENTRY, EXIT).cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["symbol"]) == ("interest", -1.2, "EURUSD")
    assert (cash["strategy_id"], cash["cash_id"]) == ("42", "2-interest")


def test_the_ledger_finds_the_profit_that_the_terminal_stated():
    books = Ledger("average").apply(_read(ENTRY, EXIT).fills)
    assert sum(books["realized_pnl"].to_pylist()) == pytest.approx(50.0)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(50.0 - 1.1)


def test_a_forgotten_contract_size_is_found_by_the_profit():
    with pytest.raises(ImportFormatError, match=r"line 2 must be that of its prices, 0\.00"):
        _read(ENTRY, EXIT, contract_size=1.0)
    with pytest.raises(ImportFormatError, match="line 2"):
        _read(ENTRY, EXIT, contract_size={"EURUSD": 1000})
    with pytest.raises(InvalidArgumentError, match="contract_size must name every symbol"):
        _read(ENTRY, EXIT, contract_size={"XAUUSD": 100})


def test_a_symbol_of_another_quote_currency_says_so():
    # 0.1 lot of USDJPY from 150 to 151 gains 10,000 yen: 66.23 dollars at 151
    entry = {**ENTRY, "symbol": "USDJPY", "price": 150.0}
    leave = {**EXIT, "symbol": "USDJPY", "price": 151.0, "profit": 66.23}
    with pytest.raises(ImportFormatError, match="quote_currency="):
        _read(entry, leave)
    result = _read(entry, leave, quote_currency={"USDJPY": "JPY"})
    assert set(result.fills["currency"].to_pylist()) == {"JPY"}
    assert set(result.fills["commission"].to_pylist()) == {0.0}
    cash = {(c["kind"], c["amount"], c["currency"]) for c in result.cash.to_pylist()}
    assert cash == {("fee", -0.5, None), ("interest", -1.2, None), ("fee", -0.6, None)}


def test_a_deal_that_turns_a_position_round_is_one_fill():
    turn = _deal(2, 1, 2, 0.3, 1.1050, profit=50.0)
    books = Ledger("average").apply(_read(ENTRY, turn).fills)
    assert books["position"].to_pylist() == pytest.approx([0.1, -0.2])
    assert sum(books["realized_pnl"].to_pylist()) == pytest.approx(50.0)


def test_positions_that_close_each_other_change_nothing():
    short = _deal(2, 1, 0, 0.1, 1.1050, position_id=2)
    closes = [
        _deal(3, 1, 3, 0.1, 1.1050, profit=50.0, commission=0.0),
        _deal(4, 0, 3, 0.1, 1.1050, profit=0.0, commission=0.0, position_id=2),
    ]
    result = _read(ENTRY, short, *closes)
    books = Ledger("average").apply(result.fills)
    assert books["position"].to_pylist()[-1] == pytest.approx(0.0)
    assert sum(books["realized_pnl"].to_pylist()) == pytest.approx(50.0)
    assert result.fills["reason"].to_pylist()[2:] == ["close_by", "close_by"]


@pytest.mark.parametrize(
    ("kind", "amount", "word"),
    [
        (2, 1000.0, "deposit"),
        (2, -400.0, "withdrawal"),
        (3, 100.0, "deposit"),
        (6, 50.0, "deposit"),
        (4, -9.0, "fee"),
        (7, -3.0, "fee"),
        (8, -3.0, "fee"),
        (12, 1.5, "interest"),
        (15, 7.0, "dividend"),
        (16, 7.0, "dividend"),
        (17, -2.0, "tax"),
    ],
)
def test_all_other_deals_move_cash(kind, amount, word):
    (cash,) = _read({**BALANCE, "type": kind, "profit": amount}).cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["strategy_id"]) == (word, amount, "hand")


def test_a_correction_is_refused_and_a_cancelled_deal_skipped():
    result = _read({**BALANCE, "type": 5}, {**BALANCE, "type": 13}, {**BALANCE, "profit": 0.0})
    assert [(r.line, r.field) for r in result.refused] == [(1, "kind")]
    assert [r.line for r in result.skipped] == [2, 3]


def test_a_trade_by_hand_needs_a_strategy():
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read({**ENTRY, "magic": 0}, strategy=None)
    assert _read({**ENTRY, "magic": 0}).fills["strategy_id"].to_pylist() == ["hand"]


def test_json_csv_and_frames_read_alike(tmp_path):
    deals = [ENTRY, EXIT, BALANCE]
    expected = _read(*deals)
    frame = pd.DataFrame(deals)
    frame.to_csv(tmp_path / "deals.csv", index=False)
    (tmp_path / "deals.json").write_text(json.dumps(deals))
    settings = {
        "zone": "Europe/Athens",
        "account": "A1",
        "strategy": "hand",
        "contract_size": 100_000,
    }
    for source in (frame, tmp_path / "deals.csv", tmp_path / "deals.json"):
        result = read_metatrader(source, **settings)
        assert result.fills.equals(expected.fills)
        assert result.cash.equals(expected.cash)


def test_an_html_report_is_refused_with_the_way_round(tmp_path):
    with pytest.raises(ImportFormatError, match="history_deals_get"):
        read_metatrader(tmp_path / "ReportHistory.html", zone="UTC", account="A1")


def test_other_deals_are_an_error():
    with pytest.raises(ImportFormatError, match=r"deal 1 must have \['ticket'\]"):
        _read({k: v for k, v in ENTRY.items() if k != "ticket"})
    with pytest.raises(InvalidArgumentError, match="must be an IANA name"):
        _read(ENTRY, zone="GMT+3 server")
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        _read(ENTRY, account=None)
