"""Flex queries as XML: what counts as a trade, what changes one, and files that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.brokers.ibkr_flex import read_ibkr_flex
from perfkit.ledger.corrections import effective_fills

STOCK = {
    "accountId": "U1", "currency": "USD", "assetCategory": "STK", "symbol": "AAPL",
    "conid": "265598", "multiplier": "1", "tradeID": "900", "transactionID": "7001",
    "dateTime": "20240102;093000", "tradeDate": "20240102", "transactionType": "ExchTrade",
    "quantity": "10", "tradePrice": "185.5", "ibCommission": "-1", "ibCommissionCurrency": "USD",
    "buySell": "BUY", "ibExecID": "0000e0d5.5ff4a3c1.01.01", "levelOfDetail": "EXECUTION",
}  # fmt: skip
CANCEL = {
    "tradeID": "", "transactionID": "7002", "ibExecID": "", "origTradeID": "900", "notes": "Ca",
    "transactionType": "TradeCancel", "buySell": "BUY (Ca.)", "quantity": "-10",
}  # fmt: skip


def _element(tag, attributes):
    return f"<{tag} {' '.join(f'{n}={quoteattr(v)}' for n, v in attributes.items())} />"


def _trade(**changes):
    kept = {name: value for name, value in {**STOCK, **changes}.items() if value is not None}
    return _element("Trade", kept)


def _query(*rows, section="Trades"):
    return (
        f'<FlexQueryResponse><FlexStatements count="1"><FlexStatement accountId="U1"><{section}>'
        f"{''.join(rows)}</{section}></FlexStatement></FlexStatements></FlexQueryResponse>"
    ).encode()


def _read(*rows, section="Trades", **settings):
    return read_ibkr_flex(_query(*rows, section=section), **{"strategy": "manual", **settings})


def _fill(**changes):
    result = _read(_trade(**changes))
    assert (result.refused, result.skipped) == ((), ())
    (fill,) = result.fills.to_pylist()
    return fill


def _refused(*rows):
    result = _read(*rows)
    assert result.recorded + len(result.refused) + len(result.skipped) == result.read
    return result.refused[0]


def test_the_report_of_a_broker_is_read_in_order_of_time(shared_data):
    result = read_ibkr_flex(shared_data / "broker/ibkr_flex_report.xml", strategy="manual")
    assert (result.read, result.recorded, result.refused) == (5, 4, ())
    assert [row.reason for row in result.skipped] == ["not a trade: OpenPosition"]
    fills = result.fills.to_pylist()
    assert [f["symbol"] for f in fills] == ["GOLD", "AAPL", "AAPL", "GOLD"]
    # 11:57:15 in New York in winter, 13:02:07 in summer
    assert fills[0]["execution_time"] == datetime(2026, 1, 26, 16, 57, 15, tzinfo=UTC)
    assert fills[3]["execution_time"] == datetime(2026, 6, 15, 17, 2, 7, tzinfo=UTC)
    assert [f["side"] for f in fills] == ["buy", "buy", "buy", "sell"]
    assert sum(f["commission"] for f in fills) == pytest.approx(
        3.455 + 1.1108314 + 1.000309 + 0.200411
    )
    assert {f["account_id"] for f in fills} == {"U1234567"}


def test_each_element_of_a_query_is_recorded_skipped_or_refused(shared_data):
    path = shared_data / "broker/ibkr_flex_elements_ibflex.xml"
    result = read_ibkr_flex(path, strategy="manual")
    assert (result.read, result.recorded, len(result.skipped)) == (15, 2, 12)
    (assigned,) = result.fills.to_pylist()
    assert (assigned["symbol"], assigned["reason"], assigned["price"]) == (
        "VXX 110917C00005000", "assignment", 0.0,
    )  # fmt: skip
    assert (assigned["multiplier"], assigned["volume"], assigned["side"]) == (100.0, 3.0, "buy")
    (dividend,) = result.cash.to_pylist()
    assert (dividend["kind"], dividend["amount"], dividend["symbol"]) == (
        "dividend",
        27800.0,
        "RHDGF",
    )
    # the sample's currency trade contradicts itself: USD.EUR is priced in EUR, the row says USD
    (refused,) = result.refused
    assert refused.field == "currency"


@pytest.mark.parametrize(
    "text",
    [
        "20240702;101502", "20240702,101502", "20240702 101502", "20240702101502",
        "2024-07-02 10:15:02", "2024-07-02;101502", "2024-07-02, 10:15:02", "07/02/2024;101502",
        "02-Jul-24 10:15:02",
    ],
)  # fmt: skip
def test_a_time_is_read_in_each_form_that_a_query_can_write(text):
    expected = datetime(2024, 7, 2, 14, 15, 2, tzinfo=UTC)
    assert _fill(dateTime=text)["execution_time"] == expected


def test_the_date_and_the_time_may_stand_apart():
    fill = _fill(dateTime=None, tradeDate="2011-08-11", tradeTime="162000")
    assert fill["execution_time"] == datetime(2011, 8, 11, 20, 20, tzinfo=UTC)


def test_a_day_without_a_time_is_the_moment_it_begins():
    fill = _fill(dateTime="20240102")
    assert fill["execution_time"] == datetime(2024, 1, 2, 5, 0, tzinfo=UTC)


def test_the_zone_is_a_setting():
    (fill,) = _read(_trade(), zone="UTC").fills.to_pylist()
    assert fill["execution_time"].hour == 9
    with pytest.raises(InvalidArgumentError, match="zone must be an IANA name"):
        _read(_trade(), zone="Eastern")


def test_a_time_that_the_clock_shows_twice_is_refused():
    assert "shows once" in _refused(_trade(dateTime="20241103;013000")).reason


def test_days_written_first_are_read_when_it_is_said():
    (fill,) = _read(_trade(dateTime="31/01/2024"), slash_dates="%d/%m/%Y").fills.to_pylist()
    assert (fill["execution_time"].month, fill["execution_time"].day) == (1, 31)
    # 01/02 reads both ways: one date that does not fit stops the whole file
    with pytest.raises(ImportFormatError, match="slash_dates='%d/%m/%Y'"):
        _read(_trade(dateTime="01/02/2024"), _trade(dateTime="31/01/2024"))


@pytest.mark.parametrize("level", ["ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY"])
def test_only_executions_count(level):
    result = _read(_trade(), _trade(levelOfDetail=level, transactionID=""))
    assert result.fills.num_rows == 1
    assert result.skipped[0].reason == f"not an execution: levelOfDetail is {level}"


def test_orders_and_lots_beside_the_trades_are_skipped():
    result = _read(_trade(), _element("Order", STOCK), _element("Lot", STOCK))
    assert result.fills.num_rows == 1
    assert [row.reason for row in result.skipped] == ["not a trade: Order", "not a trade: Lot"]


def test_what_the_user_did_not_tick_may_be_missing():
    fill = _fill(
        levelOfDetail=None, transactionID="", ibExecID=None, tradeID=None, ibCommission="",
        ibCommissionCurrency=None, multiplier="", currency=None, conid=None, buySell=None,
    )  # fmt: skip
    assert (fill["side"], fill["commission"], fill["multiplier"]) == ("buy", 0.0, 1.0)
    assert len(fill["trade_id"]) == 24  # derived


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ((), "7001"),
        (("transactionID",), "0000e0d5.5ff4a3c1.01.01"),
        (("transactionID", "ibExecID"), "900"),
    ],
)
def test_the_id_is_the_best_that_was_ticked(missing, expected):
    assert _fill(**dict.fromkeys(missing))["trade_id"] == expected


def test_identical_rows_without_ids_stay_two_trades_and_come_back_the_same():
    row = _trade(transactionID="", ibExecID="", tradeID="")
    once, again = _read(row, row), _read(row, row)
    assert once.fills.num_rows == 2
    assert once.fills.equals(again.fills)


def test_the_order_reference_is_the_strategy():
    assert _fill(orderReference="momentum")["strategy_id"] == "momentum"
    assert _fill(orderReference="mean rev/2")["strategy_id"].startswith("mean-rev-2-")
    assert _fill(orderReference="")["strategy_id"] == "manual"
    with pytest.raises(InvalidArgumentError, match="strategy must be given"):
        _read(_trade(), strategy=None)


def test_a_sign_that_contradicts_the_side_is_refused():
    refused = _refused(_trade(quantity="-10"))
    assert (refused.field, "was BUY with -10.0" in refused.reason) == ("side", True)


def test_a_row_that_is_refused_leaves_its_neighbours():
    result = _read(_trade(tradePrice="n/a"), _trade(transactionID="7009"))
    assert (result.recorded, result.refused[0].field) == (1, "price")


# money ------------------------------------------------------------------------------------


def test_taxes_are_part_of_the_cost():
    assert _fill(ibCommission="-1.25", taxes="-0.75")["commission"] == 2.0


def test_a_rebate_is_a_negative_commission():
    assert _fill(ibCommission="0.35")["commission"] == -0.35


def test_taxes_in_another_currency_than_the_commission_are_cash():
    result = _read(_trade(currency="GBP", ibCommissionCurrency="EUR", taxes="-9.3"))
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["currency"]) == ("tax", -9.3, "GBP")
    (fill,) = result.fills.to_pylist()
    assert (fill["commission"], fill["fee_currency"]) == (1.0, "EUR")


CURRENCY = {"assetCategory": "CASH", "symbol": "EUR.USD", "currency": "USD", "conid": "12087792"}


def test_a_currency_trade_is_in_the_base_and_its_commission_in_the_accounts_currency():
    fill = _fill(**CURRENCY, quantity="30000", tradePrice="1.21621", ibCommission="-2.557",
                 ibCommissionCurrency="CAD")  # fmt: skip
    assert (fill["symbol"], fill["base_currency"], fill["currency"]) == ("EUR/USD", "EUR", "USD")
    assert (fill["commission"], fill["fee_currency"]) == (2.557, "CAD")
    refused = _refused(_trade(**CURRENCY, ibCommissionCurrency=""))
    assert "tick IBCommissionCurrency" in refused.reason


OPTION = {"assetCategory": "OPT", "symbol": "VXX   110917C00005000", "multiplier": "100"}


def test_an_option_keeps_its_name_with_single_blanks_and_its_multiplier():
    fill = _fill(**OPTION, tradePrice="29.1", proceeds="-29100")
    assert (fill["symbol"], fill["multiplier"]) == ("VXX 110917C00005000", 100.0)


@pytest.mark.parametrize("kind", ["OPT", "FUT", None])
def test_a_contract_without_its_multiplier_is_refused(kind):
    refused = _refused(_trade(**{**OPTION, "multiplier": "", "assetCategory": kind}))
    assert "tick Multiplier" in refused.reason


def test_money_that_is_not_price_times_size_is_refused():
    refused = _refused(
        _trade(**{**OPTION, "multiplier": "1"}, tradePrice="29.1", proceeds="-29100")
    )
    assert refused.field == "multiplier"


def test_a_bond_is_quoted_in_per_cent():
    fill = _fill(assetCategory="BOND", quantity="10000", tradePrice="98.5", proceeds="-9850")
    assert fill["volume"] * fill["price"] * fill["multiplier"] == pytest.approx(9850.0)


@pytest.mark.parametrize(
    ("notes", "reason"),
    [("Ep", "expiry"), ("C;Ex", "exercise"), ("A;C", "assignment"), ("P", None)],
)
def test_the_end_of_an_option_is_a_fill_at_nothing_with_its_reason(notes, reason):
    fill = _fill(**OPTION, transactionType="BookTrade", tradePrice="0", proceeds="-0", notes=notes,
                 ibCommission="0")  # fmt: skip
    assert (fill["price"], fill["reason"]) == (0.0, reason)


# cancels and corrections ------------------------------------------------------------------


def test_a_cancelled_trade_is_busted():
    result = _read(_trade(), _trade(**CANCEL, ibCommission="1"))
    first, bust = result.fills.to_pylist()
    assert (bust["record_type"], bust["original_trade_id"]) == ("bust", first["trade_id"])
    assert effective_fills(result.fills).num_rows == 0
    assert result.cash.num_rows == 0


def test_a_trade_booked_again_under_the_same_trade_id_stays():
    again = _trade(transactionID="7003", quantity="4", ibExecID="0000e0d5.5ff4a3c1.01.02")
    result = _read(_trade(), _trade(**CANCEL), again)
    (left,) = effective_fills(result.fills).to_pylist()
    assert (left["trade_id"], left["volume"]) == ("7003", 4.0)


def test_commission_that_a_cancel_does_not_pay_back_stays_paid():
    # first -1, the cancel pays 0.4 back, the trade booked again costs 0.3: 0.9 in all
    again = _trade(transactionID="7003", quantity="4", ibExecID="", ibCommission="-0.3")
    result = _read(_trade(), _trade(**CANCEL, ibCommission="0.4"), again)
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["currency"], cash["symbol"]) == ("fee", "USD", "AAPL")
    left = effective_fills(result.fills)["commission"].to_pylist()
    assert sum(left) - cash["amount"] == pytest.approx(0.9)


def test_a_cancelled_sale_is_found_by_its_quantity_price_and_day():
    sale = {"quantity": "-100", "tradePrice": "16.2", "buySell": "SELL"}
    first = _trade(**sale, tradeDate="2015-09-10", dateTime="2015-09-10;133314")
    cancel = {**CANCEL, **sale, "origTradeID": "", "quantity": "100", "buySell": "SELL (Ca.)"}
    cancel |= {"tradeDate": "2015-09-10", "dateTime": "2015-09-10;134859"}
    assert effective_fills(_read(first, _trade(**cancel)).fills).num_rows == 0
    other_day = {**cancel, "tradeDate": "2015-09-11", "dateTime": "2015-09-11;134859"}
    refused = _refused(first, _trade(**other_day))
    assert refused.field == "original_trade_id"


def test_two_cancels_take_two_equal_trades():
    rows = [_trade(transactionID=f"70{n}", tradeID=f"90{n}", ibExecID="") for n in (1, 2)]
    cancels = [
        _trade(**{**CANCEL, "transactionID": f"71{n}", "origTradeID": f"90{n}"}) for n in (1, 2)
    ]
    busts = [f for f in _read(*rows, *cancels).fills.to_pylist() if f["record_type"] == "bust"]
    assert [bust["original_trade_id"] for bust in busts] == ["701", "702"]


@pytest.mark.parametrize(
    "changes", [{"origTradeID": "901"}, {"tradePrice": "185.6"}, {"quantity": "-9"}, {"conid": "1"}]
)
def test_a_cancel_of_what_is_not_in_the_file_is_refused(changes):
    refused = _refused(_trade(), _trade(**{**CANCEL, **changes}))
    assert refused.field == "original_trade_id"
    assert "OrigTradeID and TradeID ticked" in refused.reason


def test_a_corrected_trade_points_at_the_first():
    correct = _trade(transactionType="TradeCorrect", transactionID="7002", tradeID="901",
                     origTradeID="900", tradePrice="185", ibExecID="")  # fmt: skip
    (left,) = effective_fills(_read(_trade(), correct).fills).to_pylist()
    assert (left["trade_id"], left["price"]) == ("7001", 185.0)
    assert _refused(correct).field == "original_trade_id"


def test_a_later_version_of_an_execution_corrects_the_earlier():
    later = _trade(transactionID="7002", ibExecID="0000e0d5.5ff4a3c1.01.02", tradePrice="185")
    (left,) = effective_fills(_read(_trade(), later).fills).to_pylist()
    assert left["price"] == 185.0


def test_executions_of_one_order_are_no_versions_of_each_other():
    other = _trade(transactionID="7002", ibExecID="0000e0d5.5ff4a3c1.02.01")
    assert effective_fills(_read(_trade(), other).fills).num_rows == 2


# cash and splits --------------------------------------------------------------------------


def _cash(**changes):
    given = {"accountId": "U1", "currency": "USD", "symbol": "", "dateTime": "20240105;202000",
             "amount": "12.5", "type": "Dividends", "transactionID": "81", **changes}  # fmt: skip
    return _element("CashTransaction", given)


@pytest.mark.parametrize(
    ("words", "amount", "kind"),
    [
        ("Dividends", "12.5", "dividend"), ("Payment In Lieu Of Dividends", "3", "dividend"),
        ("Withholding Tax", "-1.9", "tax"), ("Broker Interest Paid", "-4", "interest"),
        ("Broker Interest Received", "2", "interest"), ("Other Fees", "-10", "fee"),
        ("Commission Adjustments", "0.1", "fee"), ("Deposits/Withdrawals", "5000", "deposit"),
        ("Deposits & Withdrawals", "-5000", "withdrawal"),
    ],
)  # fmt: skip
def test_cash_is_recorded_by_its_kind(words, amount, kind):
    result = _read(_cash(type=words, amount=amount), section="CashTransactions")
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["amount"], cash["cash_id"]) == (kind, float(amount), "81")


def test_cash_that_repeats_or_has_no_place_is_skipped_with_the_reason():
    rows = [_cash(levelOfDetail="SUMMARY"), _cash(type="Price Adjustments")]
    result = _read(*rows, section="CashTransactions")
    assert [row.reason for row in result.skipped] == [
        "repeats other rows: levelOfDetail is SUMMARY",
        "not a kind of cash that is kept: Price Adjustments",
    ]


def _action(**changes):
    given = {"accountId": "U1", "symbol": "AAPL", "type": "FS", "dateTime": "2020-08-28;202500",
             "description": "AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)",
             "quantity": "30", **changes}  # fmt: skip
    return _element("CorporateAction", given)


def test_a_split_gives_its_ratio_and_the_evening_before():
    (split,) = _read(_action(), section="CorporateActions").splits.to_pylist()
    assert (split["symbol"], split["ratio"]) == ("AAPL", 4.0)
    assert split["execution_time"] == datetime(2020, 8, 29, 0, 25, tzinfo=UTC)


def test_a_reverse_split_that_is_told_twice_counts_once_and_by_the_old_name():
    description = "GRTS(US9990000202) SPLIT 1 FOR 10 (GRTS, GRITSTONE BIO INC, US9990000202)"
    halves = [
        _action(type="RS", symbol=name, description=description) for name in ("GRTS.OLD", "GRTS")
    ]
    result = _read(*halves, section="CorporateActions")
    (split,) = result.splits.to_pylist()
    assert (split["symbol"], split["ratio"]) == ("GRTS", 0.1)
    assert [row.reason for row in result.skipped] == ["the other half of a split"]


def test_other_corporate_actions_are_skipped_and_a_split_without_ratio_is_refused():
    result = _read(
        _action(type="TC"), _action(description="AAPL split"), section="CorporateActions"
    )
    assert result.skipped[0].reason == "not a split: corporate action TC"
    assert result.refused[0].field == "ratio"


# files ------------------------------------------------------------------------------------


def test_each_statement_of_a_file_is_read_for_its_account():
    first, second = _trade(accountId=None), _trade(accountId=None, transactionID="7002")
    statement = '<FlexStatement accountId="{}"><Trades>{}</Trades></FlexStatement>'
    body = statement.format("U1", first) + statement.format("U2", second)
    xml = f"<FlexQueryResponse><FlexStatements>{body}</FlexStatements></FlexQueryResponse>"
    result = read_ibkr_flex(xml.encode(), strategy="manual")
    assert result.fills["account_id"].to_pylist() == ["U1", "U2"]


def test_a_statement_without_an_account_takes_the_one_that_was_given():
    xml = _query(_trade(accountId="")).replace(
        b'<FlexStatement accountId="U1">', b"<FlexStatement>"
    )
    result = read_ibkr_flex(xml, account="mine", strategy="manual")
    assert result.fills["account_id"].to_pylist() == ["mine"]
    with pytest.raises(InvalidArgumentError, match="account must be given"):
        read_ibkr_flex(xml, strategy="manual")


def test_a_document_type_is_refused_before_its_entities_grow():
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30)
    )
    laughs = (
        f"<!DOCTYPE FlexQueryResponse [{entities}]><FlexQueryResponse>&a29;</FlexQueryResponse>"
    )
    with pytest.raises(ImportFormatError, match="must not declare a document type"):
        read_ibkr_flex(laughs.encode(), strategy="manual")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "undamaged XML"),
        (b"<FlexQueryResponse><FlexStatements>", "undamaged XML"),
        (b"<html></html>", "must be a FlexQueryResponse, was 'html'"),
        (b"<FlexStatementResponse><Status>Fail</Status></FlexStatementResponse>", "ready"),
    ],
)
def test_a_file_that_is_no_query_is_an_error(data, message):
    with pytest.raises(ImportFormatError, match=message):
        read_ibkr_flex(data, strategy="manual")


def test_reading_a_file_again_gives_the_same(tmp_path):
    path = tmp_path / "query.xml"
    path.write_bytes(_query(_trade(), _trade(**CANCEL), _cash()))
    once, again = (read_ibkr_flex(path, strategy="manual") for _ in range(2))
    assert once.fills.equals(again.fills)
    assert once.cash.equals(again.cash)
