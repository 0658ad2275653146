from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.reports import typed_parameters

DECLARED = """\
uri: str = "data"
count: int = 8
rf: float = 0.0
log: bool = False  # logarithmic
labels: list[str] = []
day: date = None
"""


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("uri", "s3://x", "s3://x"),
        ("uri", Path("a/b"), "a/b"),
        ("uri", date(2020, 3, 1), "2020-03-01"),
        ("uri", pd.Timestamp("2020-03-01 10:00", tz="UTC"), "2020-03-01T10:00:00+00:00"),
        ("count", np.int64(3), 3),
        ("rf", np.float64(0.5), 0.5),
        ("rf", 2, 2),
        ("log", np.True_, True),
        ("labels", ("a", "b"), ["a", "b"]),
    ],
)
def test_a_value_that_fits_becomes_plain_python(write_notebook, name, given, expected):
    values = typed_parameters(write_notebook(DECLARED), {name: given})
    assert values == {name: expected}
    assert type(values[name]) is type(expected)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("uri", 3),
        ("uri", None),
        ("uri", pd.NaT),
        ("uri", pd.Series(["a"])),
        ("count", 3.0),
        ("count", "3"),
        ("count", True),
        ("rf", "0.5"),
        ("rf", np.array([0.5])),
        ("log", 1),
        ("labels", "ab"),
        ("labels", [1]),
        ("labels", pd.Series(["a"])),
        ("day", date(2020, 3, 1)),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_named(write_notebook, name, given):
    with pytest.raises(InvalidArgumentError, match=rf"parameter '{name}' of own.ipynb must be"):
        typed_parameters(write_notebook(DECLARED), {name: given})


def test_a_name_that_is_not_declared_is_refused_with_those_that_are(write_notebook):
    with pytest.raises(UnknownNameError, match="no parameter 'ury'; it declares count, day, l"):
        typed_parameters(write_notebook(DECLARED), {"ury": "data"})
