"""Tear sheet: our numbers in quantstats' pictures, on a page that needs nothing else."""

from __future__ import annotations

import base64
import itertools
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import METRICS, compute, drawdown_series
from perfkit.metrics.rolling import rolling
from perfkit.reports import growth, tear_sheet
from perfkit.reports.drawings import draw_depth, draw_distribution, draw_growth, draw_rolling

YEARS = pd.bdate_range("2020-01-01", "2022-12-30")
HOSTILE = [
    ("<script>alert(1)</script>", '"><img src=x>', "$x^$"),
    ("贵州茅台 🚀", "_a", "<b>" * 3_400),
    ("W" * 300, "W" * 300, "a\nb %s {}"),
]


def noise(days: pd.DatetimeIndex, seed: int = 1, name: str = "trend") -> pd.Series:
    values = np.random.default_rng(seed).normal(5e-4, 0.01, len(days))
    return pd.Series(values, days, name=name)


class Page(HTMLParser):
    """What a browser would see of a page: words, cells, pictures, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.images, self.loaded, self.tags = "", [], [], set()
        self.rows: list[list[str]] = []
        self.is_cell = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href"):
                self.loaded.append(value)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.is_cell = True

    def handle_endtag(self, tag):
        self.is_cell = self.is_cell and tag not in ("td", "th")

    def handle_data(self, data):
        self.words += data
        if self.is_cell:
            self.rows[-1][-1] += data.strip()

    def row(self, metric: str) -> list[str]:
        return next(row for row in self.rows if row and row[0] == metric)


def page_of(path) -> Page:
    return Page(path.read_text("utf-8"))


def drawn(page: Page) -> list[str]:
    """Headings of the pictures, each of which must be an SVG that can be parsed."""
    titles = []
    for image in page.images:
        svg = base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,"))
        assert ET.fromstring(svg).tag.endswith("svg")
        titles.append(re.split("[:;,]", image["alt"])[0])
    return titles


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Page:
    """Three years beside a benchmark."""
    path = tmp_path_factory.mktemp("pages") / "p.html"
    market = noise(YEARS, 2, "SPY")
    return page_of(tear_sheet(noise(YEARS), path, periods=252, benchmark=market, rf=0.02))


def test_a_page_shows_our_numbers_with_unit_and_n(whole):
    own, market = noise(YEARS), noise(YEARS, 2, "SPY")
    table = compute(own, metrics="all", periods=252, rf=0.02, benchmark=market)
    alone = compute(market, metrics="all", periods=252, rf=0.02)
    both = [t.loc["sharpe_ratio", "value"] for t in (table, alone)]
    texts = [f"{value:.2f}".replace("-", "−") for value in both]
    assert whole.row("Sharpe ratio") == ["Sharpe ratio", *texts, "ratio", f"{len(own)}", ""]
    assert whole.row("beta")[2:4] == ["", "ratio"]
    heads = {row[0].lower() for row in whole.rows if row}
    assert {name.replace("_", " ") for name in table.index} - heads == {"cagr"}
    assert "return a year" in heads
    cells = {cell for row in whole.rows for cell in row}
    assert {METRICS[name].formula for name in table.index} <= cells


def test_a_page_has_all_its_pictures_and_loads_nothing(whole):
    assert drawn(whole) == [
        "Growth of 1", "Drawdown", "Return by month", "Return by year", "Distribution of months",
        "Rolling volatility", "Rolling Sharpe ratio", "Rolling beta",
    ]  # fmt: skip
    assert all(source.startswith("data:image/svg+xml;base64,") for source in whole.loaded)
    assert not {"script", "link", "iframe"} & whole.tags


def test_the_same_returns_give_the_same_bytes(tmp_path):
    first, second = (
        tear_sheet(noise(YEARS[:9]), tmp_path / f"{n}.html", periods=252) for n in "ab"
    )
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("name", "other", "title"), HOSTILE)
def test_names_and_titles_are_words_wherever_they_come_from(tmp_path, name, other, title):
    own, market = noise(YEARS[:5], name=name), noise(YEARS[:5], 2, other)
    path = tear_sheet(own, tmp_path / "p.html", periods=252, benchmark=market, title=title)
    page = page_of(path)
    assert not {"script", "b"} & page.tags
    assert all(image["src"].startswith("data:") for image in page.images)
    for word in (name[:39], other[:39], title):
        assert " ".join(word.split()) in " ".join(page.words.split())


def test_a_title_that_is_no_text_can_be_written(tmp_path):
    path = tear_sheet(
        noise(YEARS[:1]), tmp_path / "p.html", periods=252, title="half \ud83d a rocket"
    )
    assert "half ? a rocket" in path.read_text("utf-8")


@pytest.mark.parametrize("count", [1, 5])
def test_a_short_series_says_what_can_not_be_drawn_yet(tmp_path, count):
    own, market = noise(YEARS[:count]), noise(YEARS[:count], 2, "SPY")
    page = page_of(tear_sheet(own, tmp_path / "p.html", periods=252, benchmark=market))
    assert "in too short a time to judge" in page.words
    assert "a year at a volatility" not in page.words
    assert f"A rolling window is half a year, 126 days; there are {count}." in page.words
    assert "A distribution needs 12 months" in page.words
    assert drawn(page) == ["Growth of 1", "Drawdown", "Return by month"]


def test_an_undefined_number_is_a_dash_with_its_reason(tmp_path):
    page = page_of(tear_sheet(noise(YEARS[:1]), tmp_path / "p.html", periods=252))
    assert page.row("volatility")[1] == "–"
    assert page.row("volatility")[-1] == "there are fewer observations than the metric needs"


def test_one_year_has_every_picture(tmp_path):
    own = noise(pd.bdate_range("2021-01-01", "2021-12-31"))
    page = page_of(tear_sheet(own, tmp_path / "p.html", periods=252))
    assert "Distribution of months" in drawn(page)
    assert "Rolling volatility" in drawn(page)
    assert "Rolling beta" not in drawn(page)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([0.001] * 300, "it never fell below its highest"),
        # 1.01 ** 298 * (1 - 1.5) - 1 = -10.699, and nothing compounds after it
        (
            [0.01] * 298 + [-1.5, 0.02],
            "It returned −1069.9% in 300 days; at its worst it stood 150",
        ),
        ([1.5, 0.2, 0.3] * 100, "it never fell below its highest"),
    ],
)
def test_extreme_series_have_a_page(tmp_path, values, says):
    own = pd.Series(values, YEARS[:300], name="x")
    page = page_of(tear_sheet(own, tmp_path / "p.html", periods=252, benchmark=noise(YEARS)))
    assert says in page.words
    assert "Growth of 1" in drawn(page)


def test_quantstats_draws_growth_as_we_count_it_even_where_it_would_guess_prices():
    # no loss, and one day above 100 %: its own plots take such returns for prices
    own = pd.Series([0.5, 1.5, 0.0, 0.25], YEARS[:4])
    lines = draw_growth(growth(own.to_frame("own"))).figure.axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == [[1.5, 3.75, 3.75, 4.6875]]


@pytest.mark.parametrize("end", [11.0, 60.0, 2_000.0, 1e9])
def test_the_labels_of_a_log_scale_do_not_touch(end):
    wealth = pd.DataFrame({"own": np.geomspace(1.0, end, 300)}, YEARS[:300])
    picture = draw_growth(wealth)
    picture._repr_html_()
    axes = picture.figure.axes[0]
    low, high = axes.get_ylim()
    shown = [label for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    boxes = [label.get_window_extent() for label in shown]
    assert len(boxes) >= 3
    assert all(below.y1 < above.y0 for below, above in itertools.pairwise(boxes))


def test_a_benchmark_that_begins_later_has_no_line_before():
    lines = pd.DataFrame({"own": [0.1, 0.1, 0.1], "SPY": [np.nan, np.nan, 0.5]}, YEARS[:3])
    behind, front = draw_growth(growth(lines), "SPY").figure.axes[0].lines
    assert np.isnan(behind.get_ydata()).tolist() == [True, True, False]
    np.testing.assert_allclose(front.get_ydata(), [1.1, 1.21, 1.331])


def test_an_early_loss_hangs_below_zero():
    depth = drawdown_series(pd.Series([-0.1, 0.05, 0.2], YEARS[:3]))
    (line,) = draw_depth(depth).figure.axes[0].lines
    np.testing.assert_allclose(line.get_ydata(), [-0.1, -0.055, 0.0])


def test_a_window_without_a_value_is_a_gap():
    own = pd.Series([0.01, -0.01, 0.0, 0.0, 0.0, 0.01], YEARS[:6])
    curve = rolling(own, ["sharpe_ratio"], window=3, periods=252)["sharpe_ratio"]
    line = draw_rolling(curve, "Sharpe", "Of 3 days").figure.axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), curve)
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False]


def test_the_distribution_counts_every_month_once_and_draws_no_mean():
    months = pd.Series([0.01, -0.02, 0.03, 0.0] * 4)
    axes = draw_distribution(months).figure.axes[0]
    share = sum(bar.get_height() * bar.get_width() for bar in axes.patches)
    assert share == pytest.approx(1.0)
    smooth, zero = axes.lines
    assert len(smooth.get_xdata()) > 2
    assert list(zero.get_xdata()) == [0.0, 0.0]


def test_no_picture_shows_a_number_of_quantstats(tmp_path):
    curves = growth(noise(YEARS).to_frame("a"))
    for picture in (draw_growth(curves), draw_depth(drawdown_series(noise(YEARS)))):
        texts = [t.get_text() for t in picture.figure.texts] + [picture.figure.get_suptitle()]
        assert not re.search(r"\d\d", " ".join(texts))
        assert picture.figure.axes[0].get_title() == ""
        assert picture.figure.axes[0].get_legend() is None


def test_drawing_leaves_matplotlib_as_it_was(tmp_path):
    before, figures = dict(mpl.rcParams), plt.get_fignums()
    tear_sheet(noise(YEARS[:30]), tmp_path / "p.html", periods=252)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == figures


def test_days_of_a_zone_are_its_own_days(tmp_path):
    own = noise(YEARS[:30])
    here = own.tz_localize("America/New_York")
    first = tear_sheet(here, tmp_path / "a.html", periods=252, benchmark=noise(YEARS[:30], 2, "B"))
    second = tear_sheet(own, tmp_path / "b.html", periods=252, benchmark=noise(YEARS[:30], 2, "B"))
    assert first.read_bytes() == second.read_bytes()


def test_missing_days_are_no_days_and_a_benchmark_that_lacks_some_says_so(tmp_path):
    own, market = noise(YEARS[:40]), noise(YEARS[10:40], 2, "SPY")
    own.iloc[3] = np.nan
    page = page_of(tear_sheet(own, tmp_path / "p.html", periods=252, benchmark=market))
    assert "39 daily returns" in page.words
    assert "SPY has a return on 30 of the 39 days" in page.words


def test_the_deepest_drawdowns_are_dated(tmp_path):
    own = pd.Series([-0.1, 0.2, 0.1, -0.5, 0.1], pd.bdate_range("2024-01-01", periods=5))
    page = page_of(tear_sheet(own, tmp_path / "p.html", periods=252))
    assert page.row("50.0%") == ["50.0%", "3 Jan 2024", "4 Jan 2024", "not yet", "2"]
    assert page.row("10.0%") == ["10.0%", "the start", "1 Jan 2024", "2 Jan 2024", "1"]


def test_an_older_page_is_replaced_at_once_or_stays(tmp_path):
    path = tmp_path / "deep" / "p.html"
    tear_sheet(noise(YEARS[:5]), path, periods=252)
    before = path.read_bytes()
    with pytest.raises(InvalidArgumentError, match="periods"):
        tear_sheet(noise(YEARS[:5], 2), path, periods=0)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["p.html"]


@pytest.mark.parametrize(
    ("returns", "more", "says"),
    [
        ([0.01], {}, "returns must be a Series with dates, was list"),
        (pd.Series([0.01]), {}, "returns must be a Series with dates"),
        (pd.Series(dtype=float, index=YEARS[:0]), {}, "at least one return"),
        (pd.Series([np.nan], YEARS[:1]), {}, "at least one return"),
        (pd.Series([np.inf], YEARS[:1]), {}, "must be finite"),
        (noise(YEARS[:3]).iloc[::-1], {}, "dates must ascend"),
        (noise(pd.date_range("2024-01-01", periods=3, freq="h")), {}, "2024-01-01 has several"),
        (noise(YEARS[:3]), {"benchmark": [0.01]}, "benchmark must be a Series with dates"),
        (noise(YEARS[:3]), {"benchmark": noise(YEARS[9:])}, "had none of them"),
        (noise(YEARS[:3]), {"path": "page.pdf"}, r"must end in \.html"),
        (noise(YEARS[:3]), {"rf": -2.0}, "rf must be"),
    ],
)
def test_what_is_no_daily_return_is_refused_by_name(tmp_path, returns, more, says):
    path = tmp_path / more.get("path", "p.html")
    told = {name: value for name, value in more.items() if name != "path"}
    with pytest.raises(InvalidArgumentError, match=says):
        tear_sheet(returns, path, periods=252, **told)
    assert list(tmp_path.iterdir()) == []
