"""Rules of a desk's own in TOML: what they say, what they may not say, and what null means."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnknownNameError
from perfkit.labels import LabelGenerator, LabelRule, label_catalog, label_rule, read_rules
from perfkit.labels.expression import read_expression
from perfkit.labels.rule import RULES
from perfkit.labels.rule_file import column_kinds
from perfkit.labels.trade_columns import TradeColumns
from perfkit.labels.versions import DEFAULT_VERSION, UNVERSIONED

RULE = """
[rules.big_morning_buy]
when = "opens & (direction > 0) & (minutes_from_open < minutes)"
text = "A purchase soon after the opening."
family = "behavioral"
known_at = "entry"
source = "the desk"
parameters = { minutes = 15 }
"""


@pytest.fixture
def rule_file(tmp_path):
    def write(text, version='version = "2026-11"'):
        path = tmp_path / "desk.toml"
        path.write_text(f"{version}\n{text}", encoding="utf-8")
        return path

    return write


@pytest.fixture
def judged(rule_file, trade_rows, context_rows):
    """What one condition says of trades."""

    def judge(when, trades=({},), contexts=({},)):
        rule = RULE.replace("parameters = { minutes = 15 }", "")
        path = rule_file(rule.replace(rule.split('"')[1], when))
        generator = LabelGenerator(read_rules(path).rules)
        return generator.judge(trade_rows(*trades), context_rows(*contexts))[:, 0].tolist()

    return judge


def test_a_rule_file_gives_the_catalogue_other_numbers_and_more_rules(
    rule_file, trade_rows, context_rows
):
    path = rule_file("[parameters.market_open]\nminutes = 10\n" + RULE)
    generator = LabelGenerator.from_toml(path)
    context = context_rows({"minutes_from_open": 12.0}, {"minutes_from_open": 16.0})
    labels = generator.generate(trade_rows({}, {}), context).to_pylist()
    assert labels == [["big_morning_buy"], []]
    assert generator.version == "2026-11"
    shown = label_catalog(generator).set_index("label")
    assert shown.loc["big_morning_buy", "rule"] == "A purchase soon after the opening."
    assert shown.loc["big_morning_buy", "parameters"] == {"minutes": 15.0}
    assert shown.loc["big_morning_buy", "columns"] == ("opens", "direction", "minutes_from_open")
    assert shown.loc["market_open", "parameters"] == {"minutes": 10.0}
    assert "big_morning_buy" not in set(label_catalog()["label"])


def test_numbers_of_a_rule_of_ones_own_may_be_changed_as_well(rule_file, trade_rows, context_rows):
    path = rule_file("[parameters.big_morning_buy]\nminutes = 5\n" + RULE)
    labels = LabelGenerator.from_toml(path).generate(
        trade_rows({}), context_rows({"minutes_from_open": 12.0})
    )
    assert labels.to_pylist() == [["market_open"]]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("price > 99", True),
        ("99 < price <= 100", True),
        ("99 < price < 100", False),
        ("price == 100 and volume == 10", True),
        ("not price > 100", True),
        ("~(price > 100) & (side == 'buy')", True),
        ("side != 'sell'", True),
        ("side == 'sell' or symbol == 'X'", True),
        ("price * volume / 4 - 50 == 200", True),
        ("-price + 100 == 0", True),
        ("abs(price - 101) == 1", True),
        ("min(price, volume, 7) == 7", True),
        ("max(price, volume) == price", True),
        ("record_type == 'new'", True),
        ("opens and not closes", True),
        ("price > 99  # a word about it", True),
        ("price > 99\n and volume > 9", True),
    ],
)
def test_a_condition_says_what_it_says_in_arithmetic(
    rule_file, trade_rows, context_rows, when, expected
):
    found = read_expression(when, column_kinds(), "test")
    columns = TradeColumns(trade_rows({}), context_rows({}))
    assert found.read({name: columns[name] for name in found.names})[0] == expected


# of a null nothing is true, nor is its negation: 1 is known, None is not
@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("zscore > 0", [True, False]),
        ("not zscore > 0", [False, False]),
        ("not (zscore < 0)", [True, False]),
        ("zscore != 5", [True, False]),
        ("not zscore == 5", [True, False]),
        ("zscore > 0 or price > 0", [True, True]),
        ("zscore > 0 or not (price > 0)", [True, False]),
        ("not (zscore > 0 and price < 0)", [True, True]),
        ("not (zscore < 0 or price < 0)", [True, False]),
        ("trend != 'range'", [True, False]),
        ("not trend == 'range'", [True, False]),
        ("news_event", [True, False]),
        ("not news_event", [False, False]),
        ("not not news_event", [True, False]),
        ("news_event or price > 0", [True, True]),
        ("-5 < zscore < 5", [True, False]),
        ("abs(zscore) >= 0", [True, False]),
        ("max(zscore, 3) > 2", [True, False]),
        ("1 / zscore > 0", [True, False]),
    ],
)
def test_what_is_not_known_is_neither_true_nor_false(judged, when, expected):
    known = {"zscore": 1.0, "trend": "uptrend", "news_event": True}
    assert judged(when, [{}, {}], [known, {}]) == expected


def test_news_that_is_known_to_be_absent_is_not_the_same_as_none_known(judged):
    contexts = [{"news_event": True}, {"news_event": False}, {"news_event": None}]
    assert judged("not news_event", [{}] * 3, contexts) == [False, True, False]


@pytest.mark.parametrize("when", ["1 / zscore > 0", "not 1 / zscore > 0", "1 / zscore != 0"])
def test_a_figure_without_a_finite_value_is_not_known(judged, when):
    assert judged(when, [{}], [{"zscore": 0.0}]) == [False]
    huge = f"{when} and price * 1e299 * 1e299 > 0"
    assert judged(huge, [{}], [{"zscore": 1.0}]) == [False]


three_valued = st.sampled_from([None, -1.0, 1.0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(three_valued, three_valued), min_size=1, max_size=8))
def test_and_or_and_not_are_kleenes(context_rows, trade_rows, pairs):
    """The strong logic of Kleene (1952), section 64: and is the least, or the greatest."""

    def truth(value):
        return 0.5 if value is None else float(value > 0)

    def where_true(when):
        read = read_expression(when, column_kinds(), "test")
        columns = TradeColumns(
            trade_rows(*[{}] * len(pairs)),
            context_rows(*({"zscore": a, "momentum": b} for a, b in pairs)),
        )
        return read.read({name: columns[name] for name in read.names}).tolist()

    a, b = "(zscore > 0)", "(momentum > 0)"
    known = [(truth(x), truth(y)) for x, y in pairs]
    assert where_true(f"{a} and {b}") == [min(p) == 1 for p in known]
    assert where_true(f"{a} | {b}") == [max(p) == 1 for p in known]
    assert where_true(f"not ({a} & {b})") == [1 - min(p) == 1 for p in known]
    assert where_true(f"~({a} or {b})") == [1 - max(p) == 1 for p in known]


@pytest.mark.parametrize(
    ("when", "named"),
    [
        ("__import__('os').system('true') > 0", 'not hold "__import__'),
        ("price.__class__ > 0", "not hold 'price.__class__'"),
        ("price[0] > 0", r"not hold 'price\[0\]'"),
        ("(lambda: price)() > 0", "not hold"),
        ("[p for p in price] > 0", "not hold"),
        ("eval('1') > price", r"not hold \"eval\('1'\)\""),
        ("abs(price, volume) > 0", r"not hold 'abs\(price, volume\)'"),
        ("min(price) > 0", r"not hold 'min\(price\)'"),
        ("abs(*price) > 0", "not hold"),
        ("min(price, volume, key=abs) > 0", "not hold"),
        ("price ** 9 > 0", "not hold 'price \\*\\* 9'"),
        ("9**9**9**9 > price", "not hold '9\\*\\*9"),
        ("price % 2 > 0", "not hold 'price % 2'"),
        ("price << 9999999999 > 0", "not hold 'price << 9999999999'"),
        ("f'{price}' == symbol", "not hold"),
        ("(p := price) > 0", "not hold"),
        ("price > 0 if opens else closes", "not hold"),
        ("price > 0, volume > 0", "not hold"),
        ("price is 0", "by Is"),
        ("side in ('buy', 'sell')", r"not hold \"\('buy', 'sell'\)\""),
        ("price > True", "held True"),
        ("price > 1j", "held complex"),
        ("price > None", "held NoneType"),
        ("price > 1e999", "held inf"),
        (f"price > {'9' * 400}", "held int"),
        ("side == ''", "held ''"),
        ("side > 'buy'", "compared a word with a word by Gt"),
        ("side == 1", "compared a word with a number"),
        ("news_event == 1", "compared a yes or no with a number"),
        ("price", "a number"),
        ("1 < 2", "at least one column"),
        ("price > 1 & volume > 2", r"bind closer than a comparison"),
        ("not price", "gave a number"),
        ("side + 1 > 0", r"give numbers to \+ - \* /, gave a word"),
        ("-side > 0", "gave a word"),
        ("prize > 0", "named 'prize': near it are price"),
        ("qqqq > 0", r"named 'qqqq': label_catalog\(\)"),
        ("price >", "be one expression"),
        ("import os", "be one expression"),
        ("price > 0; volume > 0", "be one expression"),
        ("price > 0) | (volume", "give and, or comparisons"),
        ("price > '\x00'", "be one expression|held"),
        ("(" * 300 + "price" + ")" * 300 + " > 0", "be one expression"),
        ("-" * 900 + "price > 0", "be one expression|nest at most"),
        ("not " * 200 + "opens", "nest at most 40"),
        ("+".join(["price"] * 100) + " > 0", "nest at most 40"),
        ("price" + "[0]" * 150 + " > 0", "not hold"),
        ("price > 0 or " * 100 + "opens", "at most 1000 characters"),
    ],
)  # fmt: skip
def test_what_a_condition_may_not_say_is_refused_and_named(when, named):
    with pytest.raises(InvalidArgumentError, match=named) as caught:
        read_expression(when, column_kinds(), "desk.toml, [rules.x]")
    assert "desk.toml, [rules.x]: when must" in str(caught.value)
    assert "allowed are columns, parameters, numbers" in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="price side('buy')<>=&|~+-*/.,:[]{}\"\\0123456789 not and or abs", max_size=60)
)
def test_any_text_is_a_condition_or_is_refused(text):
    try:
        found = read_expression(text, {"price": "number", "side": "word"}, "test")
    except InvalidArgumentError:
        return
    values = {"price": np.array([1.0, math.nan]), "side": np.array(["buy", ""])}
    with np.errstate(all="ignore"):
        answer = found.read(values)
    assert answer.dtype == np.bool_
    assert answer.shape == (2,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown \\['colour'\\]"),
        (RULE + "mood = 'good'", r"rules\.big_morning_buy.*unknown \['mood'\]"),
        (RULE.replace('source = "the desk"', ""), r"rules\.big_morning_buy.*missing \['source'\]"),
        (RULE.replace('"entry"', '"later"'), "known_at must be one of .*'entry', 'exit'"),
        (RULE.replace('"behavioral"', '"weather"'), "family must be one of .*'environment'"),
        (RULE.replace('"the desk"', "7"), "source must be text, was 7"),
        (RULE.replace("minutes = 15", "price = 15"), "no column has, was 'price'"),
        (RULE.replace("minutes = 15", "minutes = 15, seconds = 3"), "does not use 'seconds'"),
        (RULE.replace("minutes = 15", "minutes = true"), "finite number .*'minutes' = True"),
        (RULE.replace("minutes = 15", "minutes = nan"), "finite number"),
        (RULE.replace("minutes = 15", "minutes = 1" + "0" * 400), "finite number"),
        (RULE.replace("{ minutes = 15 }", "15"), "parameters must be a table of numbers"),
        (RULE.replace("big_morning_buy", "momentum"), "rules must give different labels"),
        (RULE.replace("big_morning_buy", '"two words"'), "'two words': a label must match"),
        ("[parameters.quick_exit]\nhours = 2", "parameter of quick_exit must be one of days"),
        ("[parameters.fast_exit]\nhours = 2", "label must be one of"),
        ("parameters = 3", r"\[parameters\]: must be a table a label"),
        ("rules = [1]", r"\[rules\]: must be a table a label"),
    ],
)  # fmt: skip
def test_what_a_rule_file_has_not_is_refused_with_its_place(rule_file, text, message):
    path = rule_file(text)
    with pytest.raises((InvalidArgumentError, UnknownNameError), match=message) as caught:
        LabelGenerator.from_toml(path)
    assert "desk.toml" in str(caught.value)


def test_a_rule_that_compares_numbers_only_is_refused(rule_file):
    text = RULE.replace("opens & (direction > 0) & (minutes_from_open < minutes)", "minutes > 3")
    with pytest.raises(InvalidArgumentError, match=r"desk\.toml.*big_morning_buy.*name a column"):
        read_rules(rule_file(text))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("", r"missing \['version'\]"),
        ("version = 2026", "version must be text such as '2026-11', was 2026"),
        ('version = ""', "version must be 1 to 64 printable characters"),
        (f'version = "{DEFAULT_VERSION}"', "name of the set of the package"),
        (f'version = "{UNVERSIONED}"', "name of its own, was 'unversioned', that of no set"),
        ('version = "recorded"', "that of the labels in the trade records"),
    ],
)
def test_a_rule_file_has_a_version_of_its_own(rule_file, version, message):
    with pytest.raises(InvalidArgumentError, match=message):
        LabelGenerator.from_toml(rule_file(RULE, version))


def test_a_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(ImportFormatError, match=r"nowhere\.toml: must be a readable file"):
        read_rules(tmp_path / "nowhere.toml")
    for name, content in (
        ("a.toml", b"version ="),
        ("b.toml", b"\xff\xfe"),
        ("c.toml", b"a = " + b"[" * 5000),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImportFormatError, match="must be a TOML file"):
            read_rules(tmp_path / name)


def test_the_packages_own_set_has_its_own_version_and_no_other_set_has_it():
    assert LabelGenerator().version == DEFAULT_VERSION
    assert LabelGenerator(version=DEFAULT_VERSION).version == DEFAULT_VERSION
    assert LabelGenerator(parameters={"quick_exit": {"days": 5}}).version == DEFAULT_VERSION
    others = [{"rules": ["hold_long"]}, {"parameters": {"quick_exit": {"days": 2}}}]
    for other in others:
        assert LabelGenerator(**other).version == UNVERSIONED
        assert LabelGenerator(**other, version="mine").version == "mine"
        with pytest.raises(InvalidArgumentError, match="new for other rules or numbers"):
            LabelGenerator(**other, version=DEFAULT_VERSION)


def test_a_rule_of_ones_own_under_a_name_of_the_package_makes_another_set():
    def momentum(price):
        """Another momentum."""
        return price > 0

    rule = LabelRule.of(momentum, family="behavioral", known_at="entry", source="test")
    rules = [rule, *(name for name in label_catalog()["label"] if name != "momentum")]
    assert LabelGenerator(rules).version == UNVERSIONED


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 30))
def test_a_condition_judges_each_trade_by_its_own_row(random_rows, seed, cut):
    trades, context = random_rows(seed, 30)
    when = "not (zscore > 0) | (news_event and trend != 'range') & (price / momentum > max(0, atr))"
    read = read_expression(when, column_kinds(), "test")

    def judge(rows):
        columns = TradeColumns(
            *(table.take(pa.array(rows, pa.int64())) for table in (trades, context))
        )
        with np.errstate(all="ignore"):
            return read.read({name: columns[name] for name in read.names}).tolist()

    whole = judge(range(30))
    assert judge(range(cut)) + judge(range(cut, 30)) == whole
    assert judge(range(29, -1, -1)) == whole[::-1]
    assert [judge([n])[0] for n in range(30)] == whole


def test_a_decorated_rule_joins_the_catalogue_and_makes_it_another_set(trade_rows, context_rows):
    @label_rule(family="behavioral", known_at="entry", source="the desk")
    def round_price(price, *, step=50.0):
        """A fill at a round price."""
        return price % step == 0

    try:
        generator = LabelGenerator()
        assert "round_price" in generator.generate(trade_rows({}), context_rows({}))[0].as_py()
        assert generator.version == UNVERSIONED
        assert "round_price" in set(label_catalog()["label"])
    finally:
        del RULES["round_price"]
    assert LabelGenerator().version == DEFAULT_VERSION
