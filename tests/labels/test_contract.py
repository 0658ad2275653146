"""What every rule of the catalogue keeps, and that a rule that does not is found out."""

from __future__ import annotations

import inspect

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.labels import LabelGenerator, LabelRule
from perfkit.labels.rule import RULES
from perfkit.labels.trade_columns import TradeColumns
from perfkit.records import MarketContext, arrow_schema

law = settings(max_examples=20, deadline=None)
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))

LABELS_OF_THE_SPECIFICATION = {
    "trend_following", "mean_reversion", "momentum", "breakout", "scalping", "high_volatility",
    "low_volatility", "market_open", "market_close", "news_event", "aggressive_entry",
    "conservative_entry", "quick_exit", "hold_long", "stop_loss",
}  # fmt: skip


def fires(rule, trades, context):
    columns = TradeColumns(trades, context)
    return rule.function(*(columns[name] for name in rule.needs), **rule.parameters)


def check_that_rows_are_judged_alone(rule, trades, context):
    """What a rule says of a trade does not depend on the trades before, after or beside it."""
    columns = TradeColumns(trades, context)
    given = [columns[name] for name in rule.needs]
    whole = rule.function(*given, **rule.parameters)
    for cut in range(trades.num_rows):
        early = rule.function(*(column[:cut] for column in given), **rule.parameters)
        np.testing.assert_array_equal(whole[:cut], early)
    backwards = rule.function(*(column[::-1] for column in given), **rule.parameters)
    np.testing.assert_array_equal(whole[::-1], backwards)


def test_the_catalogue_holds_every_label_of_the_specification():
    assert set(RULES) == LABELS_OF_THE_SPECIFICATION


@every_rule
def test_a_rule_answers_yes_or_no_for_each_trade(rule, random_rows):
    for trades in (0, 1, 50):
        answer = fires(rule, *random_rows(1, trades))
        assert answer.dtype == np.bool_
        assert answer.shape == (trades,)


@every_rule
def test_a_rule_fires_and_does_not_fire_on_random_trades(rule, random_rows):
    assert 0 < fires(rule, *random_rows(2, 400)).mean() < 1


@every_rule
def test_a_rule_that_reads_the_context_never_fires_without_it(rule, random_rows, context_rows):
    trades, _ = random_rows(3, 200)
    reads_context = set(rule.needs) & set(arrow_schema(MarketContext).names)
    if reads_context:
        assert not fires(rule, trades, context_rows(*[{}] * 200)).any()


@every_rule
def test_a_rule_never_fires_where_one_of_its_context_columns_is_null(rule, random_rows):
    trades, context = random_rows(4, 400)
    answer = fires(rule, trades, context)
    for name in set(rule.needs) & set(context.column_names):
        is_null = np.array([x is None for x in context[name].to_pylist()])
        if not name.startswith("channel"):  # a purchase reads one edge, a sale the other
            assert not answer[is_null].any()


@every_rule
def test_a_rule_says_what_it_is(rule):
    assert rule.family in {"behavioral", "environment", "pattern"}
    assert rule.known_at in {"entry", "exit"}
    assert rule.source
    assert rule.text.endswith(".")
    documentation = inspect.getdoc(rule.function)
    assert all(name in documentation for name in (*rule.needs, *rule.parameters))


@every_rule
def test_a_rule_leaves_its_columns_as_they_were(rule, random_rows):
    columns = TradeColumns(*random_rows(5, 50))
    given = [columns[name] for name in rule.needs]
    copies = [column.copy() for column in given]
    rule.function(*given, **rule.parameters)
    for column, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(column, copy)


@every_rule
@law
@given(seed=st.integers(0, 10_000))
def test_a_rule_judges_each_trade_by_its_own_row(rule, random_rows, seed):
    check_that_rows_are_judged_alone(rule, *random_rows(seed, 40))


def above_the_sample(price):
    """A price above four fifths of all, the later ones included."""
    return price > np.quantile(price, 0.8) if len(price) else price > 0


def before_a_rise(price):
    """The next trade is dearer."""
    return np.append(price[1:] > price[:-1], np.zeros(len(price[:1]), dtype=bool))


def around_the_middle(price):
    """A price above the mean of those around it."""
    around = np.pad(price, 1, mode="edge") if len(price) else np.ones(2)
    return price > (around[:-2] + price + around[2:]) / 3


def among_the_trades_before(price):
    """A price above the last one: no look ahead, but not of this trade alone."""
    return np.append(np.zeros(len(price[:1]), dtype=bool), price[1:] > price[:-1])


@pytest.mark.parametrize(
    "function", [above_the_sample, before_a_rise, around_the_middle, among_the_trades_before]
)
def test_a_planted_look_ahead_is_caught(function, random_rows):
    rule = LabelRule.of(function, family="environment", known_at="entry", source="planted")
    with pytest.raises(AssertionError):
        check_that_rows_are_judged_alone(rule, *random_rows(6, 60))


@law
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 40))
def test_labels_of_any_batches_are_the_labels_of_all(random_rows, seed, cut):
    trades, context = random_rows(seed, 40)
    generator = LabelGenerator()
    whole = generator.generate(trades, context)
    assert whole.type == pa.list_(pa.string())
    pieces = [
        generator.generate(trades[:cut], context[:cut]),
        generator.generate(trades[cut:], context[cut:]),
    ]
    assert pa.concat_arrays(pieces).to_pylist() == whole.to_pylist()
    one_by_one = [generator.generate(trades[n : n + 1], context[n : n + 1]) for n in range(40)]
    assert [labels[0].as_py() for labels in one_by_one] == whole.to_pylist()
    assert all(labels == sorted(set(labels)) for labels in whole.to_pylist())
