"""Which class a figure gives, and which reason is given where one is missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from perfkit.market import DAILY, INTRADAY
from perfkit.market import classes as room
from perfkit.market.classes import WORD_COLUMNS, WORDS
from perfkit.market.context_table import Findings, context_table, thresholds_of, words_of
from perfkit.market.known_figures import FIGURES, KnownFigures
from perfkit.market.news import NewsColumns
from perfkit.market.sessions import SESSION_WORDS, SessionColumns

NAN = np.nan
PRIOR = {
    "prior_high": 120.0, "prior_low": 80.0, "prior_close": 100.0,
    "point_of_control": 85.0, "value_area_low": 82.0, "value_area_high": 118.0,
}  # fmt: skip


def found(*, rows=DAILY.warm_up, stale=False, session="regular", calendar=0, news=True, **values):
    """One row of figures with nothing remarkable in it, but for the values given."""
    usual = dict.fromkeys(FIGURES, 1.0) | PRIOR | {
        "close": 100.0, "atr": 2.0, "support": 90.0, "resistance": 110.0,
        "volatility_rank": 0.5, "adx": 20.0, "bucket_bars": 20.0,
    }  # fmt: skip
    code = -1 if session is None else SESSION_WORDS.index(session)
    row = np.array([[(usual | values)[name]] for name in FIGURES])
    return Findings(
        known=KnownFigures(row, np.array([rows]), np.array([0])),
        stale=np.array([stale]),
        calendar=np.array([calendar], np.int16),
        session=SessionColumns(np.array([code], np.int8), np.array([NAN]), np.array([NAN])),
        news=NewsColumns(np.array([news]), np.array([False]), np.array([-1]), np.array([NAN])),
    )


def context(definition=DAILY, **values):
    words = words_of(definition, ["XNYS"])
    return context_table(
        found(**values), thresholds_of(definition), words, pa.array([], pa.string())
    ).to_pylist()[0]


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("volatility_regime", {"volatility_rank": 0.32}, "low"),
        ("volatility_regime", {"volatility_rank": 0.33}, "medium"),
        ("volatility_regime", {"volatility_rank": 0.67}, "medium"),
        ("volatility_regime", {"volatility_rank": 0.68}, "high"),
        ("volume_profile", {"relative_volume": 0.66}, "low"),
        ("volume_profile", {"relative_volume": 1.5}, "medium"),
        ("volume_profile", {"relative_volume": 1.51}, "high"),
        ("trend", {"adx": 25.0, "fast_average": 2.0}, "uptrend"),
        ("trend", {"adx": 25.0, "slow_average": 2.0}, "downtrend"),
        ("trend", {"adx": 25.0}, "range"),
        ("trend", {"adx": 24.9, "fast_average": 2.0}, "range"),
        ("price_level", {"support": 99.0}, "support"),
        ("price_level", {"support": 98.9}, "neutral"),
        ("price_level", {"resistance": 101.0}, "resistance"),
        ("price_level", {"support": 99.5, "resistance": 100.4}, "resistance"),
        ("price_level", {"support": 99.5, "resistance": 100.5}, "support"),
        ("price_level", {"support": -np.inf, "resistance": np.inf}, "neutral"),
        ("price_level", {"prior_low": 99.5}, "support"),
        ("price_level", {"prior_high": 99.5}, "support"),
        ("price_level", {"prior_low": 100.5}, "resistance"),
        ("price_level", {"point_of_control": 100.9}, "resistance"),
        ("price_level", {"point_of_control": 100.0}, "support"),
        ("price_level", {"prior_high": 100.2, "support": 99.5}, "resistance"),
        # close and value area are no levels, and what is not known is none
        ("price_level", {"prior_close": 100.0, "value_area_low": 100.0}, "neutral"),
        ("price_level", {"prior_high": NAN, "point_of_control": NAN}, "neutral"),
        ("price_level", {"prior_low": 99.5, "support": NAN}, None),
        ("price_level", {"atr": NAN}, None),
        ("price_level", {"support": NAN}, None),
        ("trend", {"adx": NAN}, None),
        ("trend", {"slow_average": NAN}, None),
        ("volume_profile", {"relative_volume": NAN}, None),
        ("volatility_regime", {"volatility_rank": NAN}, None),
    ],
)
def test_a_class_is_read_from_its_figures(field, values, expected):
    assert context(**values)[field] == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({"relative_volume": NAN}, "no_volume"),
        ({"zscore": NAN}, "undefined"),
        ({"zscore": NAN, "relative_volume": NAN}, "undefined"),
        ({"volatility_rank": NAN, "rows": DAILY.warm_up - 1}, "warming_up"),
        ({"relative_volume": NAN, "bucket_bars": 19.0}, "warming_up"),
        ({"prior_close": NAN, "point_of_control": NAN}, "warming_up"),
        ({"point_of_control": NAN}, "no_profile"),
        ({"point_of_control": NAN, "relative_volume": NAN}, "no_volume"),
        ({"stale": True}, "stale"),
        ({"rows": -1, "close": NAN}, "no_market_data"),
        # without a session what is read from a calendar is missing for that reason alone
        ({"session": None, "prior_close": NAN, "point_of_control": NAN}, None),
        ({"session": None, "relative_volume": NAN}, "no_volume"),
        ({"session": None, "relative_volume": NAN, "definition": INTRADAY}, None),
        ({"relative_volume": NAN, "definition": INTRADAY}, "no_volume"),
    ],
)
def test_the_first_reason_that_holds_is_given(values, expected):
    assert context(**values)["context_reason"] == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("regular", None, "XNYS", None)),
        ({"session": "closed"}, ("closed", None, "XNYS", None)),
        ({"session": None}, (None, "outside_calendar", "XNYS", None)),
        ({"session": None, "calendar": -1}, (None, "no_calendar", None, None)),
        ({"news": False}, ("regular", None, "XNYS", "no_events")),
    ],
)
def test_sessions_and_news_have_reasons_of_their_own(values, expected):
    names = ("market_session", "session_reason", "calendar", "news_reason")
    assert tuple(context(**values)[name] for name in names) == expected


def test_stale_figures_are_null_and_those_of_a_session_that_is_not_known():
    stale = context(stale=True)
    figures = [stale[name] for name in stale if isinstance(stale[name], float)]
    assert (figures, stale["trend"], stale["price_level"]) == ([], None, None)
    outside = context(session=None)
    assert [outside[name] for name in PRIOR] == [None] * 6
    assert outside["close"] == 100.0


def test_the_compiled_kernel_does_what_its_python_does(monkeypatch):
    rng = np.random.default_rng(11)
    n = 400
    values = rng.normal(100, 1, (len(FIGURES), n))
    values[rng.random(values.shape) < 0.05] = NAN
    known = KnownFigures(values, rng.integers(-1, 500, n), np.zeros(n, np.int64))
    evidence = room.Evidence._make(
        [
            *(known.figure(name) for name in room.Evidence._fields[:14]),
            known.of_prices(),
            known.rows,
            rng.random(n) < 0.1,
            rng.integers(-1, 4, n).astype(np.int8),
            rng.integers(-1, 2, n).astype(np.int16),
            rng.random(n) < 0.5,
        ]
    )
    thresholds = thresholds_of(DAILY)._replace(warm_up=250)
    compiled, plain = np.zeros((2, len(WORD_COLUMNS), n), np.int16)
    room.fill_words(evidence, thresholds, compiled)
    for name in [name for name, f in vars(room).items() if hasattr(f, "py_func")]:
        monkeypatch.setattr(room, name, getattr(room, name).py_func)
    room.fill_words(evidence, thresholds, plain)
    np.testing.assert_array_equal(compiled, plain)
    assert {WORDS[code] for code in plain[4].tolist()} >= {"warming_up", "undefined", "stale"}
