"""Label quality on judgements that are written out: who said what of which trade."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.labels import label_quality
from perfkit.labels.audits import audit_rows

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
COLUMNS = [
    "trade_id", "account_id", "strategy_id", "label", "source", "version", "confidence",
    "labelled_at",
]  # fmt: skip


def trades(count):
    return pd.DataFrame({"account_id": "a", "trade_id": [f"t{n}" for n in range(count)]})


def said(source, version, label, holds, denied=(), hours=0):
    """One judge's word on one label: trades on which it holds, and on which it does not."""
    at = NOON + timedelta(hours=hours)
    rows = [(n, 1.0) for n in holds] + [(n, 0.0) for n in denied]
    return pd.DataFrame(
        [(f"t{n}", "a", "s", label, source, version, sure, at) for n, sure in rows],
        columns=COLUMNS,
    ).astype({"labelled_at": "datetime64[us, UTC]", "confidence": float})


def quality(count, *parts, **more):
    return label_quality(pd.concat(parts, ignore_index=True), trades(count), **more)


def test_coverage_counts_trades_and_those_that_have_any_label():
    found = quality(
        10, said("rule", "recorded", "x", range(4)), said("rule", "recorded", "y", [3, 9])
    ).coverage
    assert found.to_dict("list") == {
        "source": ["rule"] * 3, "version": ["recorded"] * 3, "label": ["x", "y", "(any)"],
        "judged": [10, 10, 10], "holds": [4, 2, 5], "share": [0.4, 0.2, 0.5],
    }  # fmt: skip


def test_of_newer_rules_only_the_trades_that_they_judged_count():
    found = quality(10, said("rule", "v2", "x", [0, 1], [2, 3])).coverage
    assert found[["judged", "holds"]].values.tolist() == [[4, 2], [4, 2]]


def test_a_person_has_judged_what_they_named_and_rules_all_they_ever_say():
    parts = [
        said("rule", "v2", "x", [0, 1]), said("rule", "v2", "y", [2]),
        said("person", "ann", "x", [0]), said("person", "ann", "y", [1]),
    ]  # fmt: skip
    found = quality(5, *parts).coverage.set_index(["version", "label"])["judged"]
    assert found.loc["v2"].to_dict() == {"x": 3, "y": 3, "(any)": 3}
    assert found.loc["ann"].to_dict() == {"x": 1, "y": 1, "(any)": 2}


def test_overlap_is_jaccards():
    # both on 2 and 3, either on 0 to 5: 2 of 6
    parts = [
        said("rule", "recorded", "x", [0, 1, 2, 3]),
        said("rule", "recorded", "y", [2, 3, 4, 5]),
    ]
    found = quality(10, *parts).overlap
    assert found[["label", "other", "both", "either"]].values.tolist() == [["x", "y", 2, 6]]
    assert found["jaccard"].item() == pytest.approx(1 / 3)


def test_stability_tells_what_one_version_gave_and_the_other_takes():
    parts = [
        said("rule", "v1", "x", [0, 1, 2], [3, 4, 5, 6, 7, 8, 9]),
        said("rule", "v2", "x", [2, 3], [0, 1, 4, 5, 6, 7], hours=1),
        said("rule", "v3", "x", [2, 3], [0], hours=2),
    ]
    found = quality(10, *parts).stability
    assert found.values.tolist() == [
        ["rule", "v1", "v2", "x", 8, 5 / 8, 1, 2], ["rule", "v2", "v3", "x", 3, 1.0, 0, 0],
    ]  # fmt: skip


def test_agreement_of_rule_and_person_is_kappa():
    # Wikipedia's 20, 5, 10, 15 of 50: kappa 0.4
    yes, no = range(25), range(25, 50)
    ann = said("person", "ann", "x", [*yes[:20], *no[:10]], [*yes[20:], *no[10:]])
    found = quality(60, said("rule", "v1", "x", yes, no), ann).agreement
    row = found.iloc[0]
    assert found[["source", "other_source", "n", "agree"]].values.tolist() == [
        ["rule", "person", 50, 0.7]
    ]
    assert row["kappa"] == pytest.approx(0.4)
    # by hand after Fleiss, Cohen and Everitt: p11 .4, p12 .1, p21 .2, p22 .3
    a = 0.4 * (1 - 1.1 * 0.6) ** 2 + 0.3 * (1 - 0.9 * 0.6) ** 2
    b = 0.6**2 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.4 + 0.5) ** 2)
    c = (0.4 - 0.5 * 0.6) ** 2
    assert row["standard_error"] == pytest.approx(np.sqrt((a + b - c) / 50) / 0.5)
    assert row["reason"] is None or pd.isna(row["reason"])


def test_agreement_on_few_trades_or_on_one_class_says_nothing():
    few = quality(40, said("rule", "v1", "x", range(29)), said("person", "ann", "x", range(29)))
    assert few.agreement["reason"].tolist() == [
        "insufficient: 29 trades judged by both, 30 are needed"
    ]
    same = quality(40, said("rule", "v1", "x", range(40)), said("person", "ann", "x", range(40)))
    assert np.isnan(same.agreement["kappa"].item())
    assert same.agreement["reason"].item().startswith("one class")


def test_versions_of_a_source_and_hindsight_on_rules_are_not_compared_by_kappa():
    parts = [
        said(source, version, "x", range(3))
        for source, version in (
            ("rule", "v1"), ("rule", "v2"), ("hindsight", "v1"), ("model", "m"), ("person", "ann"),
            ("person", "bob"),
        )
    ]  # fmt: skip
    found = quality(3, *parts).agreement
    pairs = {frozenset(p) for p in zip(found["source"], found["other_source"], strict=True)}
    assert frozenset({"rule", "hindsight"}) not in pairs
    assert frozenset({"rule"}) not in pairs
    assert frozenset({"person"}) in pairs
    assert len(found) == 4 * 2 + 1 + 3  # rules and hindsight with 2 persons and, each, the model


def test_accuracy_is_that_against_the_audit():
    # the rule says yes to 40 of 100, the person to 35 of which 30 are among them
    rule = said("rule", "v1", "x", range(40), range(40, 100))
    truth = [*range(30), *range(40, 45)]
    audit = said("person", "audit-spring/ann", "x", truth, sorted({*range(100)} - {*truth}))
    row = quality(100, rule, audit, audit="spring").accuracy.iloc[0]
    assert row[["n", "hits", "false_alarms", "misses", "rejections"]].tolist() == [
        100, 30, 10, 5, 55,
    ]  # fmt: skip
    assert row[["accuracy", "precision", "recall"]].tolist() == [0.85, 0.75, 30 / 35]
    # Wilson at 85 of 100: 0.7672 and 0.9069, e.g. by R: prop.test(85, 100, correct = FALSE)
    assert row[["accuracy_low", "accuracy_high"]].tolist() == pytest.approx(
        [0.7672, 0.9069], abs=1e-4
    )
    assert pd.isna(row["reason"])


def test_without_an_audit_nothing_is_said_of_accuracy():
    parts = [said("rule", "v1", "x", range(9)), said("person", "ann", "x", range(9))]
    assert quality(9, *parts).accuracy.empty
    with pytest.raises(InvalidArgumentError, match=r"audit='spring'"):
        quality(9, *parts, audit="spring")


def test_an_audit_of_several_persons_is_one_unless_they_contradict_each_other():
    rule = said("rule", "v1", "x", range(3), range(3, 6))
    one = said("person", "audit-spring/ann", "x", [0, 1], [2])
    other = said("person", "audit-spring/bob", "x", [3], [2, 4])
    row = quality(6, rule, one, other, audit="spring").accuracy.iloc[0]
    assert row[["n", "hits", "false_alarms", "misses", "rejections"]].tolist() == [5, 2, 1, 1, 1]
    assert row["reason"] == "insufficient: 5 trades audited, 30 are needed"
    against = said("person", "audit-spring/bob", "x", [2])
    with pytest.raises(InvalidArgumentError, match="contradict each other on 'x'"):
        quality(6, rule, one, against, audit="spring")


def test_nothing_but_what_was_said_for_an_audit_is_taken_as_true():
    rule, ann = said("rule", "v1", "x", range(3)), said("person", "audit-26/ann", "x", [0])
    beside = [
        said("person", v, "x", [1]) for v in ("audit-26", "audit-26/", "audit-2", "audit-261/b")
    ]
    found = quality(6, rule, ann, *beside, audit="26")
    assert found.accuracy["n"].item() == 1
    for name in ("26/ann", "", "a b", 26):
        with pytest.raises(InvalidArgumentError, match=r"audit must match .*letters, digits"):
            quality(6, rule, ann, audit=name)


def test_what_rules_said_before_and_a_rule_passes_over_it_has_not_judged():
    parts = [
        said("rule", "recorded", "open", [0, 1, 2]),
        said("rule", "v2", "exit", [0, 1, 2, 3], hours=1),
        said("rule", "v2", "open", [], [3], hours=1),  # of the others no calendar was known
        said("rule", "v3", "exit", [0, 1, 2, 3], hours=2),
        said("rule", "v3", "open", [0], [1, 2], hours=2),
    ]
    found = quality(5, *parts)
    coverage = found.coverage.set_index(["version", "label"])
    assert coverage.loc[("v2", "exit"), ["judged", "holds"]].tolist() == [4, 4]
    assert coverage.loc[("v2", "open"), ["judged", "holds"]].tolist() == [1, 0]
    assert coverage.loc[("v3", "open"), ["judged", "holds"]].tolist() == [4, 1]
    stability = found.stability.set_index(["version_before", "version", "label"])
    assert stability.loc[("recorded", "v2", "open"), ["n", "lost"]].tolist() == [1, 0]


def test_a_model_is_taken_at_its_word_from_even_odds_on():
    model = said("model", "m", "x", range(4)).assign(confidence=[0.49, 0.5, None, 1.0])
    assert quality(4, model).coverage["holds"].tolist() == [3, 3]


def test_judgements_of_other_trades_do_not_count():
    parts = [said("rule", "recorded", "x", [0, 7]), said("rule", "recorded", "y", [8])]
    found = quality(2, *parts).coverage.set_index("label")
    assert found["holds"].to_dict() == {"x": 1, "(any)": 1}


def test_no_judgements_give_empty_tables():
    found = label_quality(said("rule", "v1", "x", []), trades(3))
    assert [len(table) for table in found] == [0, 0, 0, 0, 0]


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match=r"missing \['confidence'\]"):
        label_quality(said("rule", "v1", "x", [0]).drop(columns="confidence"), trades(1))


marks = st.lists(st.tuples(st.integers(0, 11), st.sampled_from("xyz"), st.booleans()), max_size=30)


@settings(max_examples=40, deadline=None)
@given(first=marks, second=marks, seed=st.integers(0, 99))
def test_the_order_of_trades_and_judgements_does_not_matter(first, second, seed):
    def rows(source, version, marks, hours):
        once = {(n, label): holds for n, label, holds in marks}
        return [
            said(source, version, label, [n] if holds else [], [] if holds else [n], hours)
            for (n, label), holds in once.items()
        ]

    parts = [*rows("rule", "v1", first, 0), *rows("person", "ann", second, 1)]
    judgements = pd.concat([said("rule", "v1", "x", []), *parts], ignore_index=True)
    whole = label_quality(judgements, trades(12))
    mixed = label_quality(
        judgements.sample(frac=1, random_state=seed), trades(12).sample(frac=1, random_state=seed)
    )
    for one, other in zip(whole, mixed, strict=True):
        pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_every_trade_has_the_same_chance_to_be_audited():
    drawn = np.concatenate([audit_rows(10, 3, seed) for seed in range(2000)])
    counts = np.bincount(drawn, minlength=10)
    # 600 each; the standard deviation is sqrt(2000 * .3 * .7) = 20.5
    assert (np.abs(counts - 600) < 5 * 20.5).all()
    assert audit_rows(5, 5, 1).tolist() == [0, 1, 2, 3, 4]
    for n in (0, 6):
        with pytest.raises(InvalidArgumentError, match="between 1 and the 5 trades"):
            audit_rows(5, n, 1)
    for n, seed in ((1, -1), (1, None), (1, "x"), (1.5, 1), (True, 1), (-1, 1)):
        with pytest.raises(InvalidArgumentError, match="must be a whole number of at least 0"):
            audit_rows(5, n, seed)


def test_an_empty_frame_is_no_history():
    with pytest.raises(SchemaError, match=r"judgements must have the columns .*missing"):
        label_quality(pd.DataFrame(), pd.DataFrame())
