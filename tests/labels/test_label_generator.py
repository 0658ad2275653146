"""The door of the room: choosing rules and numbers, missing columns, the catalogue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError, SchemaError, UnknownNameError
from perfkit.labels import LabelGenerator, LabelRule, label_catalog, label_rule
from perfkit.labels.rule import RULES
from perfkit.ledger import Ledger
from perfkit.market import context_asof
from perfkit.records import Fill, to_table


def large(price, *, least=150.0):
    """A price of at least ``least``."""
    return price >= least


def test_only_the_chosen_rules_speak(trade_rows, context_rows):
    context = context_rows({"trend": "uptrend", "volatility_regime": "high"})
    chosen = LabelGenerator(["high_volatility"])
    assert chosen.generate(trade_rows({}), context).to_pylist() == [["high_volatility"]]
    assert LabelGenerator([]).generate(trade_rows({}), context).to_pylist() == [[]]


def test_a_rule_of_ones_own_speaks_beside_the_others(trade_rows, context_rows):
    rule = LabelRule.of(large, family="pattern", known_at="entry", source="the desk")
    generator = LabelGenerator(["trend_following", rule], {"large": {"least": 90.0}})
    labels = generator.generate(
        trade_rows({}, {"price": 80.0}), context_rows(*[{"trend": "uptrend"}] * 2)
    )
    assert labels.to_pylist() == [["large", "trend_following"], ["trend_following"]]


def test_other_numbers_hold_for_one_generator_only(trade_rows, context_rows):
    context = context_rows({"zscore": -1.5})
    strict = LabelGenerator(["mean_reversion"], {"mean_reversion": {"stretch": 2.0}})
    assert strict.generate(trade_rows({}), context).to_pylist() == [[]]
    usual = LabelGenerator(["mean_reversion"])
    assert usual.generate(trade_rows({}), context).to_pylist() == [["mean_reversion"]]
    assert RULES["mean_reversion"].parameters == {"stretch": 1.0}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rules": ["trend"]}, UnknownNameError, "label must be one of .*, was 'trend'"),
        ({"parameters": {"fast": {}}}, UnknownNameError, "label must be one of .*, was 'fast'"),
        (
            {"parameters": {"quick_exit": {"hours": 2}}},
            UnknownNameError,
            "parameter of quick_exit must be one of days, was 'hours'",
        ),
        (
            {"parameters": {"quick_exit": {"days": float("nan")}}},
            InvalidArgumentError,
            "quick_exit: parameter days must be a finite number, was nan",
        ),
        ({"rules": ["hold_long", "hold_long"]}, InvalidArgumentError, "different labels"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        LabelGenerator(**arguments)


def test_a_label_is_decided_by_one_rule():
    def momentum(price):
        """Another momentum."""
        return price > 0

    with pytest.raises(InvalidArgumentError, match=r"'momentum'.*perfkit.labels.behavioral"):
        label_rule(family="behavioral", known_at="entry", source="test")(momentum)
    assert RULES["momentum"].function.__module__ == "perfkit.labels.behavioral"


def test_a_rule_without_words_or_with_a_number_missing_is_refused():
    def undocumented(price):
        return price > 0

    def incomplete(price, *, least):
        """A price of at least ``least``."""
        return price >= least

    for function in (undocumented, incomplete):
        with pytest.raises(InvalidArgumentError, match=function.__name__):
            LabelRule.of(function, family="pattern", known_at="entry", source="test")


def test_a_rule_that_does_not_answer_with_one_bool_a_trade_is_refused(trade_rows, context_rows):
    def numbers(price):
        """Not an answer: NaN would count as yes."""
        return price * np.nan

    def one_for_all(price):
        """Not an answer for each trade."""
        return np.array([True])

    for function in (numbers, one_for_all):
        rule = LabelRule.of(function, family="pattern", known_at="entry", source="test")
        with pytest.raises(InvalidArgumentError, match="one bool a trade, 2, answered with"):
            LabelGenerator([rule]).generate(trade_rows({}, {}), context_rows({}, {}))


def test_a_missing_column_is_named(trade_rows, context_rows):
    trades = trade_rows({}).drop_columns("usual_entry_notional")
    with pytest.raises(SchemaError, match=r"column 'usual_entry_notional'.*Ledger\.apply"):
        LabelGenerator().generate(trades, context_rows({}))
    labels = LabelGenerator(["hold_long"]).generate(trades, context_rows({}))
    assert labels.to_pylist() == [[]]


def test_context_goes_row_for_row_with_the_trades(trade_rows, context_rows):
    with pytest.raises(SchemaError, match="one row a trade, 2, had 1"):
        LabelGenerator().generate(trade_rows({}, {}), context_rows({}))


def test_no_trades_have_no_labels(trade_rows, context_rows):
    labels = LabelGenerator().generate(trade_rows(), context_rows())
    assert labels.type == pa.list_(pa.string())
    assert len(labels) == 0


def test_the_catalogue_says_of_every_label_what_when_and_whence():
    catalog = label_catalog()
    assert list(catalog.columns) == [
        "label", "family", "known_at", "rule", "parameters", "columns", "source",
    ]  # fmt: skip
    assert catalog.notna().all().all()
    exits = catalog.loc[catalog["known_at"] == "exit", "label"]
    assert sorted(exits) == ["hold_long", "quick_exit", "scalping", "stop_loss"]
    assert catalog["rule"].str.len().min() > 20


def test_fills_through_ledger_market_and_rules_carry_their_labels():
    """A long climb, bought on the way up and sold below a later top."""
    first = datetime(2020, 1, 1, 21, tzinfo=UTC)
    days = np.arange(400)
    close = np.where(days < 380, 100.0 + days, 480.0 - 5.0 * (days - 380))
    bars = pa.table(
        {
            "symbol": ["X"] * 400,
            "close_time": pa.array(
                [first + timedelta(days=int(d)) for d in days], pa.timestamp("us", tz="UTC")
            ),
            "close": close,
        }
    )
    orders = [(300, "buy", 10.0), (302, "sell", 4.0), (370, "buy", 5.0), (399, "sell", 11.0)]
    fills = to_table(
        [
            Fill(
                trade_id=f"t{day}", account_id="a", strategy_id="s", symbol="X", side=side,
                volume=volume, price=close[day], execution_time=first + timedelta(days=day),
            )
            for day, side, volume in orders
        ],
        Fill,
    )  # fmt: skip
    applied = Ledger().apply(fills)
    trades = fills
    for name in applied.column_names:
        if name not in trades.column_names:
            trades = trades.append_column(name, applied[name])
    labels = LabelGenerator().generate(trades, context_asof(fills, bars)).to_pylist()

    entry, profit, addition, last = (set(row) for row in labels)
    assert {"trend_following", "momentum", "breakout"} <= entry & addition
    assert "quick_exit" in profit
    assert {"hold_long", "stop_loss", "high_volatility"} <= last
    behavioral = {"trend_following", "momentum", "breakout", "mean_reversion"}
    assert not behavioral & (profit | last)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rules": 5}, "rules must be a list of labels or rules, was 5"),
        ({"rules": "momentum"}, "rules must be a list of labels or rules, was 'momentum'"),
        ({"parameters": 5}, "parameters must be a mapping, was 5"),
        ({"parameters": {"quick_exit": 5}}, "parameters of quick_exit must be a mapping, was 5"),
        ({"parameters": {"quick_exit": {"days": "5"}}}, "days must be a finite number, was '5'"),
        ({"parameters": {"quick_exit": {"days": None}}}, "days must be a finite number, was None"),
    ],
)
def test_arguments_of_another_kind_are_refused(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        LabelGenerator(**arguments)
    with pytest.raises(InvalidArgumentError, match="path must be that of a rule file, was 5"):
        LabelGenerator.from_toml(5)


def test_columns_that_hold_nothing_may_have_any_type(random_rows):
    trades, context = random_rows(3, 20)
    nothing = [pa.nulls(20, field.type) for field in context.schema]
    typed = pa.table(nothing, schema=context.schema)
    untyped = pa.table({name: pa.nulls(20) for name in context.column_names})
    generator = LabelGenerator()
    assert generator.generate(trades, untyped) == generator.generate(trades, typed)
    assert generator.known(trades, untyped).tolist() == generator.known(trades, typed).tolist()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("pnl", pa.array(["1", "x"])),
        ("side", pa.array([1.0, 2.0])),
        ("execution_time", pa.array([0, 1], pa.date32())),
    ],
)
def test_a_column_of_another_kind_is_named(trade_rows, context_rows, name, column):
    trades = trade_rows({}, {})
    trades = trades.set_column(trades.column_names.index(name), name, column)
    with pytest.raises(SchemaError, match=f"column '{name}' must be .*, was .*; cast it"):
        LabelGenerator().generate(trades, context_rows({}, {}))


def test_frames_are_no_tables(trade_rows, context_rows):
    frame = trade_rows({}).to_pandas()
    with pytest.raises(SchemaError, match="must be pyarrow tables, were DataFrame and Table"):
        LabelGenerator().generate(frame, context_rows({}))


def test_a_null_is_unknown_unless_it_is_an_answer(trade_rows, context_rows):
    trades = trade_rows({}, {"pnl": None}, {})
    contexts = context_rows(
        {}, {"market_session": "closed", "atr": 1.0}, {"news_event": False, "trend": "range"}
    )
    generator = LabelGenerator()
    names = [rule.name for rule in generator.rules]
    known = [{n for n, k in zip(names, row, strict=True) if k} for row in
             generator.known(trades, contexts).tolist()]  # fmt: skip
    # of what was flat no time of entry and no average price are known: it closes nothing
    books = {"aggressive_entry", "conservative_entry", "hold_long"}
    earned = {"quick_exit", "scalping"}
    assert known == [
        books | earned,
        books | {"market_open", "market_close", "stop_loss"},  # closed: no minutes to count
        books | earned | {"news_event", "trend_following"},
    ]
