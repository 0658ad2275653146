from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.reports import figures
from perfkit.reports.figures import Chart
from perfkit.reports.figures.lines import spread
from perfkit.reports.figures.style import compact, percent, plain
from perfkit.reports.figures.ticks import number_tick, percent_tick

HOSTILE = (
    "<script>alert(1)</script>",
    "$x^$",
    "_hidden",
    "a\nb",
    "贵州茅台",
    "%s{}",
    "n" * 300,
    "W" * 300,
)


def curves(values: list[float], names: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    days = pd.date_range("2020-01-01", periods=len(values))
    return pd.DataFrame(dict.fromkeys(names, values), index=days, dtype=float)


def groups(pnl: list[float], by: str = "label", names: tuple[str, ...] = ()) -> pd.DataFrame:
    n = np.arange(1, len(pnl) + 1)
    mean = np.array(pnl, dtype=float) / n
    named = names or tuple(f"g{i}" for i in range(len(pnl)))
    return pd.DataFrame(
        {
            by: named,
            "n": n,
            "contribution": np.array(pnl, dtype=float),
            "expectancy": mean,
            "mean_low": mean - 1,
            "mean_high": mean + 1,
        }
    )


def trips(pnl: list[float], name: str = "AAPL") -> pd.DataFrame:
    days = pd.date_range("2020-01-01", periods=len(pnl), tz="UTC")
    return pd.DataFrame(
        {
            "symbol": name,
            "strategy_id": name,
            "direction": "long",
            "entry_time": days,
            "exit_time": days + pd.Timedelta(days=1),
            "pnl": np.array(pnl, dtype=float),
            "return_": np.array(pnl, dtype=float) / 100,
        }
    )


def months(values: list[float]) -> pd.DataFrame:
    columns = [*range(1, 13), "year"]
    return pd.DataFrame(
        {column: np.array(values, dtype=float) for column in columns},
        index=pd.Index(range(2000, 2000 + len(values)), name="year"),
    )


FIGURES: dict[str, Callable[[list[float]], Chart]] = {
    "equity_curve": lambda v: figures.equity_curve(curves(v), curves(v) * 0.1, unit="USD"),
    "equity_curve_log": lambda v: figures.equity_curve(
        curves(v), curves(v)[["b"]] * 0.1, unit="growth of 1", benchmark="b", scale="log"
    ),
    "group_bars": lambda v: figures.group_bars(groups(v), "label", "USD"),
    "time_bars": lambda v: figures.time_bars({"hour": groups(v, "hour")}),
    "monthly_returns": lambda v: figures.monthly_returns(months(v)),
    "yearly_returns": lambda v: figures.yearly_returns(
        pd.DataFrame({"a": v, "b": v}, index=range(2000, 2000 + len(v)), dtype=float), "b"
    ),
    "best_and_worst": lambda v: figures.best_and_worst(trips(v), 3),
    "pnl_distribution": lambda v: figures.pnl_distribution(pd.Series(v, dtype=float)),
}
NAN = float("nan")
VALUES = {
    "empty": [],
    "one": [1.5],
    "one_loss": [-1.5],
    "zeros": [0.0] * 5,
    "nothing_known": [NAN] * 4,
    "some_known": [NAN, 2.0, NAN, -1.0],
    "huge": [1e14, -1e14, 1.0],
    "tiny": [1e-12, 2e-12],
    "many": list(np.linspace(-1, 2, 250)),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
def test_a_figure_of_odd_numbers_draws_without_a_warning(figure, values):
    chart = figure(values)
    assert ET.fromstring(chart.svg()).tag.endswith("svg")
    assert len(chart.description) > 20


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
def test_a_figure_of_nothing_says_so_in_words(figure):
    words = [text.get_text() for text in figure([]).texts]
    assert any("No " in word for word in words)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_drawn_as_letters_and_kept_out_of_the_page(name):
    charts = [
        figures.equity_curve(
            curves([1.0, 2.0], (name, "b")), curves([0.0, 0.1], (name,)), unit=name, benchmark="b"
        ),
        figures.group_bars(groups([1.0], name, (name,)), name, name),
        figures.time_bars({name: groups([1.0], name, (name,))}, name),
        figures.yearly_returns(pd.DataFrame({name: [0.1], "b": [0.2]}, index=[2000]), name),
        figures.best_and_worst(trips([1.0, -1.0], name), currency=name),
        figures.pnl_distribution(pd.Series([1.0]), name),
    ]
    for chart in charts:
        assert "<script" not in chart._repr_html_()
        chart.draw_without_rendering()
        assert chart.get_tightbbox().width <= chart.get_figwidth() + 0.02


def test_a_figure_shows_itself_as_one_picture_with_its_words():
    chart = figures.group_bars(groups([3.0], names=('"quoted" & <b>',)), "label", "USD")
    html = chart._repr_html_()
    assert html.startswith('<img class="chart" alt="Who earns, who loses, by label')
    assert "&quot;quoted&quot; &amp; &lt;b&gt; 3 (n 1, mean above 0)" in html
    assert chart.png().startswith(b"\x89PNG")


def test_the_same_numbers_give_the_same_bytes():
    assert FIGURES["equity_curve"]([1.0, 2.0]).svg() == FIGURES["equity_curve"]([1.0, 2.0]).svg()


def test_drawing_leaves_matplotlib_as_it_was():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    FIGURES["group_bars"]([1.0, -1.0]).svg()
    assert dict(mpl.rcParams) == before


def test_many_groups_are_cut_in_the_middle_and_the_figure_says_so():
    chart = figures.group_bars(groups([float(i) for i in range(40)]), "label", "USD")
    assert len(chart.axes[0].get_yticklabels()) == 30
    assert any("10 in the middle left out" in text.get_text() for text in chart.texts)


def labels(chart: Chart, axis: str = "y", panel: int = 0) -> list[str]:
    chart.draw_without_rendering()
    axes = chart.axes[panel]
    ticks = (axes.yaxis if axis == "y" else axes.xaxis).get_major_ticks()
    return [tick.label1.get_text() for tick in ticks]


@pytest.mark.parametrize(
    "values",
    [
        [100_000.0, 100_600.0],
        [1_000_100.0, 1_001_700.0],
        [-12.0, 40.0],
        [0.99, 1.013],
        [0.05, 900.0],
        [1e-9, 5e-9],
        [1e9, 1e9 + 5],
    ],
)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_no_two_ticks_of_an_axis_are_written_alike(values, scale):
    chart = figures.equity_curve(curves(values), curves([0.0, 0.012]), unit="USD", scale=scale)
    for panel in (0, 1):
        written = labels(chart, panel=panel)
        assert len(set(written)) == len(written) > 1


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-1e6, 1e6),
    st.sampled_from([1.0, 2.0, 2.5, 5.0]),
    st.integers(-4, 6),
)
def test_a_tick_says_its_number_to_a_fraction_of_the_step(start, digit, power):
    step = digit * 10.0**power
    first = round(start / step) * step
    size = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
    for write, unit in ((number_tick, 1.0), (percent_tick, 100.0)):
        for value in (first, first + step):
            text = write(value, step).replace("−", "-").removesuffix("%")
            factor = size.get(text[-1], 1.0)
            said = float(text.rstrip("kMBT")) * factor / unit
            assert abs(said - value) <= step / 100


def test_a_long_rise_is_drawn_on_a_log_scale_unless_told_otherwise():
    def scale(values: list[float], asked: str = "auto") -> str:
        chart = figures.equity_curve(curves(values), unit="growth of 1", scale=asked)
        is_said = any("log scale" in text.get_text() for text in chart.texts)
        assert is_said == (chart.axes[0].get_yscale() == "log")
        return chart.axes[0].get_yscale()

    assert scale([1.0, 9.0]) == "linear"
    assert scale([1.0, 11.0]) == "log"
    assert scale([-1.0, 11.0]) == "linear"
    assert scale([1.0, 11.0], "linear") == "linear"
    assert scale([1.0, 2.0], "log") == "log"
    with pytest.raises(InvalidArgumentError, match="scale must be one of auto, log, linear"):
        scale([1.0], "cubic")


def test_a_label_known_at_the_exit_is_marked_and_has_no_verdict():
    frame = groups([10.0, -10.0]).assign(known_at=["exit", "entry"])
    chart = figures.group_bars(frame, "label")
    bars = chart.axes[0].patches
    assert [bool(bar.get_hatch()) for bar in bars] == [True, False]
    assert [text.get_text().strip() for text in chart.axes[0].get_yticklabels()] == [
        "g0 (at exit)", "g1",
    ]  # fmt: skip
    assert "describes, does not predict" in legend(chart)[-1]
    assert "g0 (at exit) 10 (n 1, known at the exit" in chart.description


def test_too_few_days_look_unlike_what_can_not_be_told_and_both_are_explained():
    frame = groups([0.5, 0.5])
    frame.loc[0, ["mean_low", "mean_high"]] = np.nan
    chart = figures.group_bars(frame, "label")
    few, unclear = (bar.get_facecolor() for bar in chart.axes[0].patches)
    assert few != unclear
    assert legend(chart) == ["can't be told from 0", "too few days to tell"]


def legend(chart: Chart) -> list[str]:
    return [text.get_text() for text in chart.legends[0].get_texts()]


def test_sizes_are_written_as_money_and_told_apart():
    edges = pd.IntervalIndex.from_breaks([100_000.0, 100_020.0, 100_040.0, 2_000_000.0])
    frame = groups([1.0, 2.0, 3.0], "size").assign(size=pd.Categorical(edges, ordered=True))
    names = figures.group_bars(frame, "size").axes[0].get_yticklabels()
    assert [name.get_text().strip() for name in names] == [
        "100k to 100.02k", "100.02k to 100.04k", "100.04k to 2M",
    ]  # fmt: skip


def test_a_clock_leaves_out_the_view_of_one_group_where_another_has_more():
    hours, days = groups([1.0], "hour"), groups([1.0, 2.0], "weekday")
    assert len(figures.time_bars({"hour": hours, "weekday": days}).axes) == 1
    assert len(figures.time_bars({"hour": hours}).axes) == 1


def test_groups_are_coloured_by_what_their_interval_allows_to_say():
    frame = groups([10.0, -10.0, 0.5])
    bars = figures.group_bars(frame, "label").axes[0].patches
    assert len({bar.get_facecolor() for bar in bars}) == 3


def test_an_interval_of_few_does_not_squash_the_others():
    frame = groups([10.0, 12.0])
    frame.loc[1, ["mean_low", "mean_high"]] = [-1e6, 1e6]
    low, high = figures.group_bars(frame, "label").axes[1].get_xlim()
    assert high - low < 100


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.group_bars(groups([1.0]).drop(columns="mean_low"), "label"),
        lambda: figures.group_bars(groups([1.0]), "symbol"),
        lambda: figures.monthly_returns(months([0.1]).drop(columns=3)),
        lambda: figures.best_and_worst(trips([1.0]).drop(columns="pnl")),
        lambda: figures.yearly_returns(pd.DataFrame({"a": [0.1]}, index=[2000]), "b"),
        lambda: figures.equity_curve(curves([1.0]), curves([0.1], ("c",)), unit="USD"),
        lambda: figures.equity_curve(curves([1.0]), curves([0.1]), unit="USD", benchmark="c"),
    ],
)
def test_a_frame_without_its_columns_is_refused(draw):
    with pytest.raises(SchemaError, match="must h"):
        draw()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.08))
def test_names_at_line_ends_never_meet_and_keep_their_order(wanted, gap):
    placed = spread(wanted, gap)
    order = np.argsort(wanted, kind="stable")
    apart = np.diff(np.array(placed)[order])
    assert (apart >= gap - 1e-9).all()
    assert min(placed) >= -1e-9
    assert max(placed) <= 1 + 1e-9


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.integers(10, 60))
def test_any_name_becomes_one_short_line(name, longest):
    text = plain(name, longest)
    assert len(text.splitlines()) <= 1
    assert len(text.replace(r"\$", "$")) <= longest
    assert text.count("$") == text.count(r"\$")


def test_an_axis_number_keeps_what_stands_before_the_point():
    assert [compact(v, 2) for v in (586.0, 1084.0, 12_500.0, 125_400.0)] == [
        "586", "1.1k", "12k", "125k",
    ]  # fmt: skip
    assert compact(79_962.0, 4) == "79.96k"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (1e-5, "1e-05"),
        (0.25, "0.25"),
        (10.0, "10"),
        (200_000.0, "200k"),
        (-0.0, "0"),
        (999.96, "1k"),
        (-1_500_000.0, "−1.5M"),
        (1e12, "1T"),
        (float("inf"), "–"),
    ],
)
def test_an_axis_number_is_short(value, expected):
    assert compact(value) == expected


def test_a_small_loss_is_not_shown_as_minus_zero():
    assert percent(-0.0001) == "0.0%"
