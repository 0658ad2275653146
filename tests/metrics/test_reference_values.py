"""The metrics against numbers that others published."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from perfkit import metrics

FOLDER = Path(__file__).parents[1] / "reference"
FILES = sorted(FOLDER.glob("metrics*.json"))
PARTS = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
SERIES = {name: entry for part in PARTS for name, entry in part["series"].items()}
CASES = [case for part in PARTS for case in part["cases"]]


def series(name):
    return np.array(SERIES[name]["values"], dtype=float)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda c: f"{c['function']}-{c['data']}-{c['source'][:24]}"
)
def test_a_metric_gives_the_published_number(case):
    columns = [series(case["data"])]
    if "benchmark" in case:
        columns.append(series(case["benchmark"]))
    value = getattr(metrics, case["function"])(*columns, **case["options"])
    assert value == pytest.approx(float(case["expected"]), abs=case["tolerance"], rel=1e-12)


def test_every_metric_of_the_catalogue_has_a_published_number():
    honest = json.loads((FOLDER / "honesty.json").read_text(encoding="utf-8"))
    covered = {case["function"] for case in (*CASES, *honest["cases"])}
    assert sorted(set(metrics.METRICS) - covered) == []
