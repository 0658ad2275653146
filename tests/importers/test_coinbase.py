"""Coinbase: fills of Pro, the retail history, and the Advanced Trade API."""

from __future__ import annotations

import json

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.crypto.coinbase import read_coinbase

_PRO = (
    "portfolio,trade id,product,side,created at,size,size unit,price,fee,total,price/fee/total unit"
)
# -(100 * 0.5) - 0.25 = -50.25 and 110 * 0.5 - 0.275 = 54.725
_BOUGHT = "default,17,ETH-EUR,BUY,2020-01-02T03:04:05.678Z,0.5,ETH,100,0.25,-50.25,EUR"
_SOLD = "default,18,ETH-EUR,SELL,2020-01-03T03:04:05.678Z,0.5,ETH,110,0.275,54.725,EUR"
_RETAIL = (
    "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,"
    "Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),"
    "Fees and/or Spread,Notes"
)


def _read(source, **settings):
    return read_coinbase(source, **{"account": "A1", "strategy": "dca"} | settings)


@pytest.fixture
def csv_file(tmp_path):
    def write(*lines):
        path = tmp_path / "coinbase.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def retail(csv_file):
    def read(*rows, preamble=()):
        return _read(csv_file(*preamble, _RETAIL, *rows))

    return read


def _fill(**cells):
    return {
        "entry_id": "e-1", "trade_id": "t-1", "order_id": "o-1", "product_id": "BTC-USD",
        "trade_time": "2024-01-15T10:30:00.5Z", "trade_type": "FILL", "price": "50000",
        "size": "0.002", "commission": "0.6", "liquidity_indicator": "MAKER",
        "size_in_quote": False, "side": "BUY", "retail_portfolio_id": "p-9",
    } | cells  # fmt: skip


def _first(result):
    assert result.refused == ()
    return result.fills.to_pylist()[0]


def test_fills_of_pro_are_read_with_their_fee_in_quote(csv_file):
    result = _read(csv_file(_PRO, _BOUGHT, _SOLD))
    fill = _first(result)
    assert (fill["symbol"], fill["base_currency"], fill["currency"]) == ("ETH/EUR", "ETH", "EUR")
    assert (fill["price"], fill["volume"], fill["commission"]) == (100.0, 0.5, 0.25)
    assert fill["execution_time"].isoformat() == "2020-01-02T03:04:05.678000+00:00"
    assert result.fills["side"].to_pylist() == ["buy", "sell"]


def test_a_trade_id_of_pro_is_unique_in_its_product_only(csv_file):
    result = _read(csv_file(_PRO, _BOUGHT, _BOUGHT.replace("ETH", "BTC")))
    assert result.fills["trade_id"].to_pylist() == ["ETH-EUR-17", "BTC-EUR-17"]


def test_files_of_pro_without_a_portfolio_column_are_read(csv_file):
    lines = [line.partition(",")[2] for line in (_PRO, _BOUGHT)]
    assert _first(_read(csv_file(*lines)))["account_id"] == "A1"
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        _read(csv_file(*lines), account=None)


def test_the_portfolio_is_the_account_where_none_is_given(csv_file):
    assert _first(_read(csv_file(_PRO, _BOUGHT), account=None))["account_id"] == "default"


def test_a_total_that_price_size_and_fee_do_not_make_is_refused(csv_file):
    wrong_sign = _SOLD.replace("54.725", "-54.725")
    without_fee = _BOUGHT.replace("-50.25", "-50")
    result = _read(csv_file(_PRO, wrong_sign, without_fee, _BOUGHT))
    assert (result.recorded, [row.line for row in result.refused]) == (1, [2, 3])
    assert "make -50.25, the total was -50.0" in result.refused[1].reason


def test_the_retail_sample_is_read_row_by_row(shared_data):
    result = _read(shared_data / "broker/coinbase.csv")
    assert (result.read, result.recorded, result.skipped) == (8, 7, ())
    assert [c["kind"] for c in result.cash.to_pylist()] == [
        "deposit", "withdrawal", "interest", "interest",
    ]  # fmt: skip
    assert result.cash["currency"].to_pylist() == ["ETH", "ETH2", "ETH", "ETH"]
    assert result.cash["amount"].to_pylist()[1] == -0.180914809326


def test_a_retail_id_that_stands_twice_with_other_content_is_refused_once(shared_data):
    (refused,) = _read(shared_data / "broker/coinbase.csv").refused
    assert (refused.line, refused.field) == (8, "trade_id")
    assert "was '623d6507925c200001fcbXXX' on line 9 with other content" in refused.reason


def test_a_retail_purchase_costs_its_subtotal_and_its_fee(shared_data):
    # the sample: 67.01 + 2.99 = 70.00 paid for 0.00166779 BTC
    result = _read(shared_data / "broker/coinbase.csv")
    fill = next(f for f in result.fills.to_pylist() if f["volume"] == 0.00166779)
    assert fill["price"] * fill["volume"] == pytest.approx(67.01)
    assert fill["commission"] == 2.99


def test_a_retail_conversion_is_a_sale_and_a_purchase_and_no_money_moves(shared_data):
    # "Converted 0.00363125 BTC to 156.145683 XRP", subtotal 338.92698 EUR, no fee told
    fills = _read(shared_data / "broker/coinbase.csv").fills.to_pylist()
    sale, purchase = (f for f in fills if f["trade_id"].startswith("67514944a3f9bf34890d8XXX"))
    assert (sale["symbol"], sale["side"], sale["volume"]) == ("BTC/EUR", "sell", 0.00363125)
    assert (purchase["symbol"], purchase["side"]) == ("XRP/EUR", "buy")
    assert purchase["volume"] == 156.145683
    for leg in (sale, purchase):
        assert leg["price"] * leg["volume"] == pytest.approx(338.92698)


def test_the_fee_of_a_conversion_is_in_the_value_of_what_was_given(retail):
    row = (
        "c1,2024-05-01 10:00:00 UTC,Convert,BTC,0.01,EUR,€60000,€590,€600,€10,"
        "Converted 0.01 BTC to 0.2 ETH"
    )
    sale, purchase = retail(row).fills.to_pylist()
    proceeds = sale["price"] * sale["volume"] - sale["commission"]
    assert proceeds == pytest.approx(590.0)
    assert purchase["price"] * purchase["volume"] == pytest.approx(590.0)
    assert (sale["commission"], purchase["commission"]) == (10.0, 0.0)


def test_a_conversion_into_the_currency_of_the_history_is_one_fill(retail):
    row = (
        "c1,2024-05-01 10:00:00 UTC,Convert,USDC,10,USD,$1,$10,$10,$0,"
        "Converted 10 USDC to 10 USD"
    )  # fmt: skip
    (fill,) = retail(row).fills.to_pylist()
    assert (fill["symbol"], fill["side"], fill["price"]) == ("USDC/USD", "sell", 1.0)


def test_a_conversion_whose_notes_do_not_tell_the_other_leg_is_refused(retail):
    (refused,) = retail("c1,2024-05-01 10:00:00 UTC,Convert,BTC,0.01,EUR,€1,€590,€600,,").refused
    assert (refused.field, "must be told in the notes" in refused.reason) == ("volume", True)


def test_lines_above_the_header_and_prefixed_money_are_read(retail):
    row = (
        'b1,2024-05-01 10:00:00 UTC,Sell,BTC,-0.5,USD,$60000,"-$30,000.00","-$29,900.00",$100.00,'
        "Sold 0.5 BTC for 29900 USD"
    )
    preamble = ("", "Transactions", "User,Jo Doe,u-1")
    result = retail(row, preamble=preamble)
    fill = _first(result)
    assert (fill["side"], fill["volume"], fill["price"]) == ("sell", 0.5, 60_000.0)
    assert (fill["commission"], fill["currency"]) == (100.0, "USD")


def test_the_line_of_a_refused_row_counts_the_lines_above_the_header(retail):
    result = retail("b1,soon,Buy,BTC,1,EUR,€1,€1,€1,€0,", preamble=("Transactions", "User,Jo,u-1"))
    assert [(row.line, row.field) for row in result.refused] == [(4, "execution_time")]


def test_the_columns_of_an_older_retail_history_are_read(csv_file):
    header = (
        "Timestamp,Transaction Type,Asset,Quantity Transacted,Spot Price Currency,"
        "Spot Price at Transaction,Subtotal,Total (inclusive of fees),Fees,Notes"
    )
    row = "2021-03-04T05:06:07Z,Buy,ETH,2,EUR,1200,2400,2410,10,Bought 2 ETH for 2410 EUR"
    fill = _first(_read(csv_file(header, row)))
    assert (fill["price"], fill["commission"], fill["currency"]) == (1200.0, 10.0, "EUR")
    assert fill["execution_time"].isoformat() == "2021-03-04T05:06:07+00:00"


def test_a_retail_total_that_subtotal_and_fee_do_not_make_is_refused(retail):
    row = "b1,2024-05-01 10:00:00 UTC,Buy,BTC,1,EUR,€100,€100,€90,€10,Bought 1 BTC for 90 EUR"
    (refused,) = retail(row).refused
    assert "subtotal + fees is 110.0, the total was 90.0" in refused.reason


def test_a_retail_trade_that_was_paid_in_another_currency_is_refused(retail):
    row = (
        "b1,2024-05-01 10:00:00 UTC,Advanced Trade Buy,BTC,1,EUR,€100,€100,€100,€0,"
        "Bought 1 BTC for 108 USDC on BTC-USDC at 108 USDC/BTC"
    )
    (refused,) = retail(row).refused
    assert refused.field == "currency"
    assert "must be the one that was paid, 'USDC', was 'EUR'" in refused.reason


def test_a_retail_type_that_is_not_known_is_refused_by_its_word(retail):
    (refused,) = retail("x1,2024-05-01 10:00:00 UTC,Moon Gift,BTC,1,EUR,€1,€1,€1,€0,").refused
    assert "was 'Moon Gift'" in refused.reason


def test_a_transfer_to_pro_leaves_the_account_and_one_to_the_vault_does_not(retail):
    result = retail(
        "x1,2024-05-01 10:00:00 UTC,Pro Deposit,BTC,1,EUR,€1,€1,€1,€0,",
        "x2,2024-05-01 11:00:00 UTC,Vault Withdrawal,BTC,1,EUR,€1,€1,€1,€0,",
    )
    assert result.cash["amount"].to_pylist() == [-1.0]
    assert [row.reason for row in result.skipped] == ["moved inside the account: Vault Withdrawal"]


def test_fills_of_the_api_are_read_as_a_list_and_as_the_whole_answer(tmp_path):
    path = tmp_path / "fills.json"
    path.write_text(json.dumps({"fills": [_fill()], "cursor": ""}))
    fill = _first(_read(path))
    assert (fill["symbol"], fill["price"], fill["volume"]) == ("BTC/USD", 50_000.0, 0.002)
    assert (fill["trade_id"], fill["order_id"], fill["liquidity"]) == ("e-1", "o-1", "maker")
    assert _read([_fill()]).fills.equals(_read(path).fills)


def test_a_size_in_quote_is_divided_by_the_price():
    # 100 USD at 50,000 are 0.002 BTC
    assert _first(_read([_fill(size="100", size_in_quote=True)]))["volume"] == 0.002


@pytest.mark.parametrize("kind", ["REVERSAL", "CORRECTION", "SYNTHETIC"])
def test_an_adjusted_fill_is_refused_because_it_does_not_say_what_it_changes(kind):
    result = _read([_fill(), _fill(entry_id="e-2", trade_type=kind)])
    (refused,) = result.refused
    assert (result.recorded, refused.field) == (1, "record_type")
    assert f"was '{kind}'" in refused.reason


def test_a_contract_whose_size_is_not_told_is_refused():
    (refused,) = _read([_fill(product_id="BIT-31MAY24-CDE")]).refused
    assert (refused.field, "was 'BIT-31MAY24-CDE'" in refused.reason) == ("symbol", True)


def test_fills_of_the_api_that_begin_with_the_newest_are_turned_round():
    same, newest = "2024-01-15T10:30:00Z", "2024-01-15T10:30:01Z"
    fills = [_fill(entry_id=name, trade_time=time)
             for name, time in (("e-3", newest), ("e-2", same), ("e-1", same))]  # fmt: skip
    assert _read(fills).fills["trade_id"].to_pylist() == ["e-1", "e-2", "e-3"]


def test_an_unknown_liquidity_is_left_out():
    fill = _first(_read([_fill(liquidity_indicator="UNKNOWN_LIQUIDITY_INDICATOR")]))
    assert fill["liquidity"] is None


def test_reading_again_gives_the_same_records(shared_data):
    path = shared_data / "broker/coinbase.csv"
    assert _read(path).fills.equals(_read(path).fills)
    assert _read(path).cash.equals(_read(path).cash)


def test_other_files_are_an_error(csv_file, tmp_path):
    with pytest.raises(ImportFormatError, match="export the fills, or the transaction history"):
        _read(csv_file("Date,Ticker", "2021-01-01,BTC"))
    path = tmp_path / "answer.json"
    path.write_text('{"error": "unauthorized"}')
    with pytest.raises(ImportFormatError, match="must be a list of fills"):
        _read(path)
    with pytest.raises(ImportFormatError, match="must be a readable file"):
        _read(tmp_path / "missing.csv")


def test_the_strategy_must_be_given(csv_file, shared_data):
    for source in ([_fill()], csv_file(_PRO, _BOUGHT), shared_data / "broker/coinbase.csv"):
        with pytest.raises(InvalidArgumentError, match="strategy must be given"):
            _read(source, strategy=None)
