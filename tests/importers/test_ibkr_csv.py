"""CSV files of Interactive Brokers: three shapes, told apart by their header."""

# ruff: noqa: E501 a statement has lines of any length

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.brokers.ibkr_csv import read_ibkr_csv
from perfkit.ledger.corrections import effective_fills


def _read(text, **settings):
    return read_ibkr_csv(text.encode(), **{"account": "A1", "strategy": "manual", **settings})


def _reasons(rows):
    return [row.reason for row in rows]


# activity statement -----------------------------------------------------------------------

STATEMENT = """Statement,Header,Field Name,Field Value
Statement,Data,Title,Activity Statement
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,U1234567
Account Information,Data,Base Currency,EUR
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code
Trades,Data,Order,Stocks,USD,XYZ,"2024-01-15, 09:30:00","1,200",10.5,10.6,"-12,600",-6.5,,,,O;P
Trades,Data,Trade,Stocks,USD,XYZ,"2024-01-15, 09:30:00",700,10.5,10.6,-7350,-4,,,,O;P
Trades,Data,ClosedLot,Stocks,USD,XYZ,2023-12-01,-700,9,,,,,,,ST
Trades,SubTotal,,Stocks,USD,XYZ,,"1,200",,,"-12,600",-6.5,,,,
Trades,Data,Order,Equity and Index Options,USD,XYZ 19JAN24 10 C,"2024-01-15, 10:00:00",-2,1.64,1.6,328,-1.05,,,,O
Trades,Data,Order,Equity and Index Options,USD,XYZ 19JAN24 10 C,"2024-01-19, 16:20:00",2,0,0.7,0,0,,,,A;C
Trades,Total,,Stocks,USD,,,,,,"-12,600",-6.5,,,,
Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,,Proceeds,Comm in EUR,,,MTM in EUR,Code
Trades,Data,Order,Forex,USD,EUR.USD,"2024-01-15, 11:00:00","10,000",1.09,,-10900,-1.8,,,0,
Dividends,Header,Currency,Date,Description,Amount
Dividends,Data,USD,2024-03-15,XYZ(US0000000001) Cash Dividend USD 0.24 per Share (Ordinary Dividend),288
Dividends,Data,Total,,,288
Dividends,Data,Total in EUR,,,264.2
Withholding Tax,Header,Currency,Date,Description,Amount,Code
Withholding Tax,Data,USD,2024-03-15,XYZ(US0000000001) Cash Dividend USD 0.24 per Share - US Tax,-43.2,
Interest,Header,Currency,Date,Description,Amount
Interest,Data,USD,2024-02-03,USD Debit Interest for Jan-2024,-3.21
Fees,Header,Subtitle,Currency,Date,Description,Amount
Fees,Data,Other Fees,USD,2024-02-03,Market Data for Jan 2024,-10,,,,
Fees,Data,Total,,,,-10
Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount
Deposits & Withdrawals,Data,EUR,2024-01-10,Electronic Fund Transfer,"50,000"
Deposits & Withdrawals,Data,EUR,2024-04-10,Disbursement,-250.5
Corporate Actions,Header,Asset Category,Currency,Report Date,Date/Time,Description,Quantity,Proceeds,Value,Realized P/L,Code
Corporate Actions,Data,Stocks,USD,2024-06-10,"2024-06-07, 20:25:00","XYZ(US0000000001) Split 3 for 1 (XYZ, XYZ CORP, US0000000001)","2,400",0,0,0,
Corporate Actions,Data,Stocks,USD,2024-06-10,"2024-06-07, 20:25:00","OLD(US0000000002) Merged(Acquisition)",-5,0,0,0,
Corporate Actions,Data,Total,,,,,,0,0,0,
Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Multiplier,Expiry
Financial Instrument Information,Data,Equity and Index Options,XYZ 19JAN24 10 C,XYZ 19JAN24 10 C,1,100,2024-01-19
"""


@pytest.fixture(scope="module")
def statement():
    return _read(STATEMENT, account=None)


def test_every_row_of_a_statement_is_recorded_skipped_or_refused(statement):
    headers = sum(",Header," in line for line in STATEMENT.splitlines())
    assert statement.read == len(STATEMENT.splitlines()) - headers
    # 4 orders, a dividend, a tax, interest, a fee, 2 transfers and a split
    assert (statement.recorded, statement.refused) == (11, ())


def test_orders_are_the_trades_of_a_statement(statement):
    first, option, pair, assigned = statement.fills.to_pylist()
    assert (first["volume"], first["price"], first["commission"]) == (1200.0, 10.5, 6.5)
    assert first["execution_time"] == datetime(2024, 1, 15, 14, 30, tzinfo=UTC)
    assert first["account_id"] == "U1234567"
    assert (option["side"], option["multiplier"], option["symbol"]) == (
        "sell",
        100.0,
        "XYZ 19JAN24 10 C",
    )
    assert (assigned["price"], assigned["reason"]) == (0.0, "assignment")
    assert (pair["symbol"], pair["base_currency"], pair["currency"]) == ("EUR/USD", "EUR", "USD")
    assert (pair["commission"], pair["fee_currency"]) == (1.8, "EUR")


def test_what_repeats_an_order_and_what_sums_up_is_skipped(statement):
    reasons = _reasons(statement.skipped)
    for reason in (
        "repeats an order: Trade", "repeats an order: ClosedLot", "section Trades: SubTotal",
        "section Trades: Total", "section Dividends: Total", "section Statement",
        "section Corporate Actions: not a split", "section Financial Instrument Information",
    ):  # fmt: skip
        assert reason in reasons


def test_the_cash_sections_of_a_statement_are_recorded(statement):
    cash = [
        (c["kind"], c["amount"], c["currency"], c["symbol"]) for c in statement.cash.to_pylist()
    ]
    assert cash == [
        ("deposit", 50000.0, "EUR", None),
        ("interest", -3.21, "USD", None),
        ("fee", -10.0, "USD", None),
        ("dividend", 288.0, "USD", "XYZ"),
        ("tax", -43.2, "USD", "XYZ"),
        ("withdrawal", -250.5, "EUR", None),
    ]


def test_a_split_of_a_statement_is_recorded(statement):
    (split,) = statement.splits.to_pylist()
    assert (split["symbol"], split["ratio"]) == ("XYZ", 3.0)


def test_an_option_without_its_contract_size_is_refused():
    without = "\n".join(row for row in STATEMENT.splitlines() if not row.startswith("Financial"))
    result = _read(without)
    assert [row.field for row in result.refused] == ["multiplier", "multiplier"]
    assert "Financial Instrument Information" in result.refused[0].reason


def test_the_commission_of_a_currency_trade_is_in_the_accounts_currency():
    lines = STATEMENT.replace("Comm in EUR", "Comm/Fee")
    fees = {f["symbol"]: f["fee_currency"] for f in _read(lines).fills.to_pylist()}
    assert (fees["EUR/USD"], fees["XYZ"]) == ("EUR", "USD")
    unsaid = "\n".join(row for row in lines.splitlines() if not row.startswith("Account"))
    assert _read(unsaid).refused[0].field == "fee_currency"


def test_a_cancelled_order_of_a_statement_is_refused_because_it_has_no_id():
    result = _read(STATEMENT.replace("O;P\nTrades,Data,Trade", "Ca\nTrades,Data,Trade"))
    assert result.refused[0].field == "original_trade_id"


def test_a_row_wider_than_its_header_is_refused():
    # the comma of the thousands was not quoted
    result = _read(STATEMENT.replace('"50,000"', "50,000"))
    assert "had ('000',) beyond" in result.refused[0].reason


def test_a_statement_that_names_accounts_by_row_is_read_for_each():
    text = """Trades,Header,DataDiscriminator,Asset Category,Currency,Account,Symbol,Date/Time,Quantity,T. Price,Proceeds,Comm/Fee,Code
Trades,Data,Order,Stocks,SEK,U1,HMBs,"2021-01-11, 06:57:37",-257,176.85,45450.45,-49,C
Trades,Data,Order,Stocks,SEK,U2,HMBs,"2021-01-11, 06:57:37",-257,176.85,45450.45,-49,C
"""
    assert sorted(_read(text).fills["account_id"].to_pylist()) == ["U1", "U2"]


def test_a_statement_needs_a_strategy():
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read(STATEMENT, strategy=None)


# transaction history ----------------------------------------------------------------------


def test_the_transaction_history_of_a_broker_is_read(shared_data):
    path = shared_data / "broker/ibkr_transaction_history.csv"
    result = read_ibkr_csv(path, account="A1", strategy="manual")
    assert (result.read, result.recorded, result.refused) == (19, 10, ())
    bought, sold = result.fills.to_pylist()
    assert (bought["side"], bought["volume"], bought["price"], bought["commission"]) == (
        "buy", 4.0, 1000.0, 3.0,
    )  # fmt: skip
    assert (sold["side"], sold["volume"], sold["currency"]) == ("sell", 2.0, "GBP")
    kinds = result.cash["kind"].to_pylist()
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "deposit": 1, "dividend": 2, "interest": 1, "tax": 4,
    }  # fmt: skip
    # the file's own amounts: 20 + 1 of dividends, 13 of interest, 3 + 0.15 + 3.9 - 3.9 of tax
    assert sum(result.cash["amount"].to_pylist()) == pytest.approx(5000 + 21 + 13 - 3.15)
    assert "transaction of type Adjustment" in _reasons(result.skipped)
    assert "transaction of type Forex Trade Component" in _reasons(result.skipped)


HISTORY = """Statement,Header,Field Name,Field Value
Summary,Header,Field Name,Field Value
Summary,Data,Base Currency,GBP
Transaction History,Header,Date,Account,Description,Transaction Type,Symbol,Quantity,Price,Gross Amount ,Commission,Net Amount
"""


def test_a_history_is_turned_so_that_a_day_begins_with_its_first_trade():
    rows = (
        "Transaction History,Data,2025-03-15,U***1,X,Sell,X,-1.0,11.0,11.0,-1.0,10.0\n"
        "Transaction History,Data,2025-03-15,U***1,X,Buy,X,1.0,10.0,-10.0,-,-10.0\n"
        "Transaction History,Data,2025-03-14,U***1,X,Buy,X,1.0,9.0,-9.0,-,-9.0\n"
    )
    fills = _read(HISTORY + rows).fills.to_pylist()
    assert [f["price"] for f in fills] == [9.0, 10.0, 11.0]
    assert [f["commission"] for f in fills] == [0.0, 0.0, 1.0]


def test_a_masked_account_is_no_account():
    row = "Transaction History,Data,2025-03-14,U***1,X,Buy,X,1.0,9.0,-9.0,-,-9.0\n"
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        _read(HISTORY + row, account=None)


def test_a_price_in_another_currency_than_its_money_is_refused():
    row = "Transaction History,Data,2025-03-14,U***1,X,Buy,X,10.0,100.0,-790.0,-,-790.0\n"
    refused = _read(HISTORY + row).refused[0]
    assert (refused.field, "import a Flex query instead" in refused.reason) == ("price", True)


def test_a_movement_of_units_of_an_unknown_kind_is_refused_not_skipped():
    row = "Transaction History,Data,2025-03-14,U***1,X,Assignment,X,100.0,9.0,-900.0,-,-900.0\n"
    assert _read(HISTORY + row).refused[0].field == "side"


# Flex query -------------------------------------------------------------------------------


def test_partial_fills_of_one_order_are_a_round_trip(shared_data):
    contracts = json.loads((shared_data / "calc/tradetally_calculation_contracts.json").read_text())
    cases = {case["id"]: case for case in contracts["csv_import_cases"]}
    case = cases["ibkr_same_order_partial_fills_round_trip"]
    result = _read(case["csv"], account=None)
    fills, expected = result.fills.to_pylist(), case["expected"]
    assert result.refused == ()
    assert len(fills) == expected["execution_count"]
    assert sum(f["commission"] for f in fills) == pytest.approx(expected["commission"])
    bought = [f for f in fills if f["side"] == "buy"]
    assert sum(f["volume"] for f in bought) == expected["quantity"]
    # this query writes the quantity of a sale without its sign
    (sold,) = [f for f in fills if f["side"] == "sell"]
    assert (sold["volume"], sold["price"]) == (expected["quantity"], expected["exit_price"])


def test_the_trades_of_a_query_without_symbols_go_by_their_isin(shared_data):
    result = read_ibkr_csv(shared_data / "broker/ibkr-trades.csv", account="A1", strategy="manual")
    assert (result.read, result.recorded) == (11, 8)
    # three currency trades have neither symbol nor ISIN
    assert [(row.line, row.field) for row in result.refused] == [
        (n, "symbol") for n in (10, 11, 12)
    ]
    fees = {f["symbol"]: f["fee_currency"] for f in result.fills.to_pylist()}
    assert fees == {"CH0111762537": "CHF", "US9220427424": "USD"}


def test_the_cash_of_a_query_is_recorded(shared_data):
    path = shared_data / "broker/ibkr-dividends.csv"
    result = read_ibkr_csv(path, account="A1", strategy="manual")
    assert (result.read, result.recorded) == (11, 11)
    cash = result.cash.to_pylist()
    dollars = [c["amount"] for c in cash if c["currency"] == "USD" and c["kind"] == "tax"]
    assert sum(dollars) == pytest.approx(-20.58 - 12.9 - 25.47)


QUERY = "ClientAccountID,Symbol,DateTime,Quantity,TradePrice,IBCommission,Buy/Sell,IBExecID\n"


def test_a_later_version_of_an_execution_corrects_the_earlier():
    rows = (
        "U1,XYZ,20240102;093000,10,185.5,-1,BUY,0000e0d5.01.01\n"
        "U1,XYZ,20240102;093000,10,185.25,-1,BUY,0000e0d5.01.02\n"
    )
    result = _read(QUERY + rows)
    assert result.fills["record_type"].to_pylist() == ["new", "correct"]
    (left,) = effective_fills(result.fills).to_pylist()
    assert (left["trade_id"], left["price"]) == ("0000e0d5.01.01", 185.25)


def test_a_later_section_of_a_query_brings_its_own_header():
    text = QUERY + (
        "U1,XYZ,20240102;093000,10,185.5,-1,BUY,e.01\n"
        "ClientAccountID,Type,SettleDate,Amount,CurrencyPrimary\n"
        "U1,Dividends,20240103,2.5,USD\n"
        "ClientAccountID,Symbol,MarkPrice\n"
        "U1,XYZ,190\n"
    )
    result = _read(text)
    assert (result.fills.num_rows, result.cash.num_rows) == (1, 1)
    assert "neither trades nor cash" in result.skipped[0].reason


def test_a_row_of_another_width_is_refused_and_its_neighbours_stay():
    result = _read(QUERY + "U1,XYZ\nU1,XYZ,20240102;093000,10,185.5,-1,BUY,e.01\n")
    assert (result.read, result.recorded, result.refused[0].line) == (2, 1, 2)


def test_a_frame_is_read_as_its_file_would_be():
    frame = pd.DataFrame(
        {"Symbol": ["XYZ", None], "ISIN": [None, "US0000000001"], "Quantity": [10, -4],
         "TradePrice": [1.5, 2.0], "TradeDate": ["20240102", "20240103"]}
    )  # fmt: skip
    result = read_ibkr_csv(frame, account="A1", strategy="manual")
    assert result.fills["symbol"].to_pylist() == ["XYZ", "US0000000001"]
    assert result.fills["side"].to_pylist() == ["buy", "sell"]


@pytest.mark.parametrize(
    "text", ["", "Date,Ticker,Qty\n2024-01-02,XYZ,1\n", "BOF,U1,Query,2\nHEADER,TRNT,Symbol\n"]
)
def test_a_file_of_another_shape_is_an_error_that_names_the_known(text):
    with pytest.raises(
        ImportFormatError, match=r"Flex query .* statement or a transaction history"
    ):
        _read(text)


@pytest.mark.parametrize(
    ("data", "message"), [(b'a,"b\n', "undamaged CSV"), (b"\xff\xfeT\x00", "text in UTF-8")]
)
def test_a_damaged_file_is_an_error(data, message):
    with pytest.raises(ImportFormatError, match=message):
        read_ibkr_csv(data, account="A1", strategy="manual")


def test_a_byte_order_mark_is_no_part_of_the_header():
    text = "\ufeff" + QUERY + "U1,XYZ,20240102;093000,10,185.5,-1,BUY,e.01\n"
    assert _read(text, account=None).fills["account_id"].to_pylist() == ["U1"]
