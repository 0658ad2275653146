"""The house style: one look, and one kind of figure that shows itself anywhere.

A figure here is a `Chart`: a matplotlib figure without pyplot (no global
state, nothing to close) that draws itself as SVG in a notebook, a page or a
mail. Names come from outside and may be anything; `plain` makes them safe.
"""

from __future__ import annotations

import base64
import html
import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase

__all__ = [
    "BENCHMARK",
    "GAIN",
    "INK",
    "LEFT",
    "LOSS",
    "MUTED",
    "RULE",
    "SECOND_LINE",
    "SERIES",
    "STYLE",
    "UNSURE",
    "WIDTH",
    "Chart",
    "compact",
    "image",
    "no_data",
    "pale",
    "percent",
    "plain",
    "svg_of",
]

INK, MUTED, RULE = "#1f2933", "#5f6b78", "#e3e7eb"

# Okabe & Ito (2008), "Color Universal Design": told apart by every kind of colour blindness
GAIN, LOSS, UNSURE, BENCHMARK = "#0072B2", "#D55E00", "#9aa5b1", "#5f6b78"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7A5195")

WIDTH = 9.6  # inches: the text width of a report page
LEFT = 0.006  # of the width
SECOND_LINE = 0.235  # inches below the top
SANS = "DejaVu Sans"  # comes with matplotlib, so a figure looks the same on every machine

STYLE: Any = {  # matplotlib types every key by its name
    "font.family": SANS,
    "font.size": 8.5,
    "text.color": INK,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": MUTED,
    "axes.titlepad": 8.0,
    "axes.labelsize": 8.5,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": "#b8c0c9",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": "#b8c0c9",
    "ytick.color": "#b8c0c9",
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "ytick.major.size": 0.0,
    "lines.linewidth": 1.4,
    "path.simplify_threshold": 0.5,  # pixels; thirty years of days need not weigh a megabyte
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "figure.titlesize": 10.5,
    "figure.titleweight": "bold",
    "figure.facecolor": "white",
    "svg.hashsalt": "perfkit",  # the same numbers give the same bytes
    "svg.fonttype": "path",
}


OUTLINE = re.compile(r' d="[^"]*"')
DIGITS = re.compile(r"(\.\d\d)\d+")


class Chart(Figure):
    """A matplotlib figure in the house style, with a sentence that says what it shows.

    Parameters
    ----------
    title : str
        Heading, on the left above everything.
    reading : str
        One line below it: what is drawn, in which unit, and how to read it.
    description : str
        What the picture shows, for readers who can't see it.
    height : float
        Inches; the width is the text width of a report page.
    """

    def __init__(self, title: str, reading: str, description: str, height: float) -> None:
        with mpl.rc_context(STYLE):
            super().__init__(figsize=(WIDTH, height), layout="constrained")
            # the layout knows one heading: its empty second line is room for the reading
            self.suptitle(f"{title}\n", x=LEFT, ha="left")
            self.text(LEFT, 1.0 - SECOND_LINE / height, reading, va="top", color=MUTED)
        self.title = title
        self.description = description

    def draw(self, renderer: RendererBase) -> None:
        """Draw in the house style: ticks are made here, long after the axes."""
        with mpl.rc_context(STYLE):
            super().draw(renderer)

    def svg(self) -> str:
        """Return the picture as an SVG document; letters are outlines."""
        return svg_of(self, self.title)

    def png(self, dpi: int = 144) -> bytes:
        """Return the picture as PNG, for readers that show no SVG (mail)."""
        page = io.BytesIO()
        self.savefig(page, format="png", dpi=dpi, metadata={"Title": self.title})
        return page.getvalue()

    def _repr_html_(self) -> str:
        return image(self.svg(), self.description)

    def add_panel(self, *position: Any, note: str = "") -> Axes:
        """Add axes in the house style, with a note above them."""
        with mpl.rc_context(STYLE):
            axes: Axes = self.add_subplot(*position)
            axes.set_title(note)
        return axes


def svg_of(figure: Figure, title: str) -> str:
    """Write a figure as an SVG document; letters are outlines, a title is not drawn."""
    page = io.StringIO()
    figure.savefig(page, format="svg", metadata={"Date": None, "Title": title})
    # matplotlib writes millionths of a point: hundredths are finer than any screen
    return OUTLINE.sub(lambda path: DIGITS.sub(r"\1", path.group()), page.getvalue())


def image(svg: str, description: str) -> str:
    """Put an SVG document into a page, with words for readers who can't see it."""
    data = base64.b64encode(svg.encode()).decode()
    alt = html.escape(description, quote=True)
    return (
        f'<img class="chart" alt="{alt}" style="width:100%;max-width:{WIDTH:.1f}in" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def no_data(title: str, reason: str) -> Chart:
    """Return a figure that says in words why there is nothing to draw.

    Parameters
    ----------
    title : str
        Heading that the full figure would have had.
    reason : str
        Sentence in place of the picture.
    """
    chart = Chart(title, reason, f"{title}: {reason}", height=0.7)
    chart.add_panel().set_axis_off()
    return chart


def pale(colour: str) -> str:
    """Return a colour half way to white, for what stands behind something else."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.5 + 0.5 * red, 0.5 + 0.5 * green, 0.5 + 0.5 * blue))


def plain(name: object, longest: int = 28) -> str:
    r"""Return a name that matplotlib draws letter by letter.

    Line ends become spaces, the middle of a long name becomes "…", letters
    that the font lacks become their code, and a dollar starts no formula.

    Parameters
    ----------
    name : object
        Anything that names a line, a bar or a unit.
    longest : int
        Characters to keep, at least 10.

    Examples
    --------
    >>> print(plain("mean_reversion"), plain("a\nb"), plain("$x^$"))
    mean_reversion a b \$x^\$
    >>> plain("an_extremely_long_strategy_name_v17", longest=20)
    'an_extremely…ame_v17'
    """
    known = _letters()
    line = " ".join(str(name).split())
    text = "".join(c if ord(c) in known else f"\\u{ord(c):04x}" for c in line)
    if len(text) > longest:
        tail = longest * 2 // 5 - 1
        text = f"{text[: longest - tail - 1]}…{text[-tail:]}"
    return text.replace("$", r"\$")


@cache
def _letters() -> frozenset[int]:
    face = font_manager.get_font(font_manager.findfont(SANS))
    return frozenset(face.get_charmap())


def compact(value: float, digits: int = 3) -> str:
    """Return a number in few characters, for an axis or a bar.

    Parameters
    ----------
    value : float
        Any number.
    digits : int
        Significant digits; those before the point are shown in any case.

    Examples
    --------
    >>> compact(1_234_567.0), compact(-950.0), compact(0.25), compact(12_000.0)
    ('1.23M', '−950', '0.25', '12k')
    """
    if not np.isfinite(value):
        return "–"
    # 999.6 prints as 1k: the unit is chosen for what will be printed
    part = 1.0 - 0.5 * 10.0**-digits
    size, unit = next(
        (
            (scale, letter)
            for scale, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
            if abs(value) >= scale * part
        ),
        (1.0, ""),
    )
    shown = abs(value) / size
    whole = len(str(int(shown)))
    text = f"{shown:.{max(digits - whole, 0)}f}" if shown >= 1 else f"{shown:.{digits}g}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{'−' if value < 0 and float(text) else ''}{text}{unit}"


def percent(value: float, digits: int = 1) -> str:
    """Return a fraction as per cent, with a true minus sign.

    Examples
    --------
    >>> percent(0.0523), percent(-0.2, 0), percent(float("nan"))
    ('5.2%', '−20%', '–')
    """
    if not np.isfinite(value):
        return "–"
    text = f"{abs(value) * 100:.{digits}f}"
    return f"{'−' if value < 0 and float(text) else ''}{text}%"
