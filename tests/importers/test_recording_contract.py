"""Every reader with a real sample: rows add up, and a second import changes nothing."""

from __future__ import annotations

import pytest

from perfkit.history import History
from perfkit.importers import FORMATS, read_file
from perfkit.tracker import TradeTracker

SAMPLES = [
    ("alpaca", "broker/alpaca_activities.json", {}),
    ("bitvavo", "broker/bitvavo.csv", {}),
    ("ccxt", "broker/ccxt_binance_my_trades_feecoin.json", {}),
    ("ccxt", "broker/ccxt_hyperliquid_my_trades.json", {}),
    ("cgtcalc", "broker/cgtcalc_raw_meta_2022.csv", {}),
    ("coinbase", "broker/coinbase.csv", {}),
    ("degiro", "broker/degiro.csv", {}),
    ("delta", "broker/delta.csv", {}),
    ("etoro", "broker/etoro.csv", {}),
    ("freetrade", "broker/freetrade.csv", {}),
    ("hyperliquid", "fills/hyperliquid_mit/user_fills.json", {}),
    ("hyperliquid", "fills/hyperliquid_mit/user_funding.json", {}),
    ("ibkr", "broker/ibkr_flex_report.xml", {}),
    ("ibkr", "broker/ibkr_flex_elements_ibflex.xml", {}),
    ("ibkr", "broker/ibkr_transaction_history.csv", {}),
    ("ibkr", "broker/ibkr-trades.csv", {}),
    ("ibkr", "broker/ibkr-dividends.csv", {}),
    ("pyfolio", "fills/pyfolio_golden/txn.csv.gz", {}),
    ("schwab", "broker/schwab.csv", {}),
    ("swissquote", "broker/swissquote.csv", {}),
    ("tradovate", "broker/tradovate_paired_trades.csv", {"zone": "America/Chicago"}),
    ("trading212", "broker/trading212.csv", {}),
    ("trading212", "broker/trading212_multicurrency.csv", {}),
    ("xtb", "broker/xtb.csv", {}),
]


@pytest.mark.parametrize(("form", "sample", "settings"), SAMPLES, ids=lambda x: str(x)[-40:])
def test_a_second_import_changes_nothing(shared_data, tmp_path, form, sample, settings):
    path = shared_data / sample

    def read():
        return read_file(path, form, account="A1", strategy="manual", settings=settings)

    first, again = read(), read()
    assert first.read == first.recorded + len(first.skipped) + len(first.refused)
    assert first.recorded > 0
    for name in ("fills", "cash", "splits"):
        assert getattr(first, name).equals(getattr(again, name))
    rows = {"fills": first.fills, "cash": first.cash, "splits": first.splits}
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        receipts = tracker.record_all(**rows)
        known = tracker.record_all(**rows)
        stored = {name: tracker.store.read(name).num_rows for name in receipts}
    sizes = [rows["fills"].num_rows, rows["cash"].num_rows, rows["splits"].num_rows]
    assert [receipt.accepted for receipt in receipts.values()] == sizes
    assert [receipt.accepted for receipt in known.values()] == [0, 0, 0]
    assert list(stored.values()) == sizes
    if first.fills.num_rows:
        assert len(History(str(tmp_path)).trades()) > 0


def test_every_format_is_documented_with_its_settings():
    for form, read in FORMATS.items():
        assert (read.__doc__ or "").strip(), form
