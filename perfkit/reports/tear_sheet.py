"""Tear sheet: one page on one series of daily returns.

The numbers are the catalogue's; quantstats draws. The page needs nothing else, holds no
name that is not escaped, and the same returns give the same bytes.
"""

from __future__ import annotations

import html
import os
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import HEADLINE, METRICS, compute, drawdown_table
from perfkit.metrics.observations import observations
from perfkit.metrics.rolling import rolling
from perfkit.reports.curves import drawdowns, growth, monthly_table, yearly_table
from perfkit.reports.drawings import draw_depth, draw_distribution, draw_growth, draw_rolling
from perfkit.reports.figures import monthly_returns, yearly_returns
from perfkit.reports.figures.style import percent
from perfkit.reports.figures.ticks import number_tick, percent_tick
from perfkit.reports.page import html_page
from perfkit.reports.passages import Passage, heading, remark
from perfkit.reports.tables import definitions, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["tear_sheet"]

LONGEST = 40  # characters of a series' name in a table
MONTHS = 12  # fewer do not show a distribution
DEEPEST = 5  # drawdowns that are listed
ROLLED = {
    "volatility": ("Rolling volatility", percent_tick, None),
    "sharpe_ratio": ("Rolling Sharpe ratio", number_tick, 0.0),
    "beta": ("Rolling beta", number_tick, 1.0),
}


class _Sheet(NamedTuple):
    """What a page is about: one line of daily returns, perhaps a benchmark's beside it."""

    lines: pd.DataFrame
    name: str
    benchmark: str | None
    periods: float
    rf: float

    @property
    def own(self) -> pd.Series:
        return self.lines[self.name]

    @property
    def market(self) -> pd.Series | None:
        return None if self.benchmark is None else self.lines[self.benchmark].dropna()


def tear_sheet(
    returns: pd.Series,
    path: str | Path,
    *,
    periods: float,
    benchmark: pd.Series | None = None,
    rf: float = 0.0,
    title: str | None = None,
) -> Path:
    """Write a page on daily returns: numbers, growth, drawdowns, months, risk over time.

    Parameters
    ----------
    returns : Series of shape (n_days,)
        Simple daily returns with their dates; NaN is dropped. Its name is that of its line.
    path : str or Path
        The page to write, ending in ``.html``; it replaces an older one at once.
    periods : float
        Trading days a year.
    benchmark : Series of shape (n_days,), optional
        Daily returns to compare with, on the days that the returns have.
    rf : float
        Risk-free rate a year: 0.04 is 4 %.
    title : str, optional
        Heading; the name of the returns by default.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InvalidArgumentError
        When a series has no dates or several returns of one day, no return is known, or
        the benchmark has none of its days.
    """
    page = Path(path)
    if page.suffix != ".html":
        raise InvalidArgumentError(f"path must end in .html, was {str(path)!r}")
    own = _daily(returns, "returns").dropna()
    if own.empty:
        raise InvalidArgumentError(
            "a tear sheet needs at least one return, none was known; record a deposit, "
            "or widen the span"
        )
    name = _called(returns.name, "returns")
    lines, other = own.to_frame(name), None
    if benchmark is not None:
        market = _daily(benchmark, "benchmark")
        other = _called(benchmark.name, "benchmark")
        other = f"{other} (benchmark)" if other == name else other
        lines[other] = market
        if lines[other].isna().all():
            raise InvalidArgumentError(
                f"benchmark must have a day of the returns', {own.index[0]:%Y-%m-%d} to "
                f"{own.index[-1]:%Y-%m-%d}, had none of them; give one of the same days"
            )
    said = _printable(title) if title is not None else name
    sheet = _Sheet(lines, name, other, periods, rf)
    body = "".join(part._repr_html_() for part in _parts(sheet, said))
    origin = f"perfkit {metadata.version('perfkit')}; pictures drawn with quantstats"
    _write(page, html_page(said, body, origin=origin))
    return page


def _daily(data: Any, word: str) -> pd.Series:
    """Put returns on bare days, which is what quantstats and a calendar understand."""
    if not (isinstance(data, pd.Series) and isinstance(data.index, pd.DatetimeIndex)):
        raise InvalidArgumentError(
            f"{word} must be a Series with dates, was {type(data).__name__}; "
            "give pd.Series(values, index=days)"
        )
    observations(data)
    days = data.index.tz_localize(None).normalize()
    if not days.is_unique:
        raise InvalidArgumentError(
            f"{word} must be daily, {days[days.duplicated()][0]:%Y-%m-%d} has several; "
            "compound the returns of a day first"
        )
    return pd.Series(data.to_numpy(dtype=float, na_value=float("nan")), days)


def _called(name: object, otherwise: str) -> str:
    text = " ".join(_printable(name).split()) if name is not None else ""
    return f"{text[: LONGEST - 1]}…" if len(text) > LONGEST else text or otherwise


def _printable(name: object) -> str:
    """Keep what can be written as UTF-8."""
    return str(name).encode("utf-8", "replace").decode("utf-8")


def _parts(sheet: _Sheet, title: str) -> Iterator[Any]:
    own, others = _readings(sheet)
    first = [name for name in HEADLINE if name in own.index]
    yield heading(title)
    yield _scope(sheet)
    yield _lead(sheet, own["value"])
    yield _overlap(sheet)
    yield readings_table({sheet.name: own.loc[first], **others})
    yield draw_growth(growth(sheet.lines), sheet.benchmark)
    yield draw_depth(drawdowns(sheet.lines)[sheet.name])
    yield Passage("<h2>The deepest drawdowns</h2>")
    yield _falls(sheet.own)
    yield Passage("<h2>Months and years</h2>")
    yield monthly_returns(monthly_table(sheet.own), basis="")
    years = yearly_table(sheet.lines)
    if len(years) > 1:  # of one year the months give the total
        yield yearly_returns(years, sheet.benchmark, basis="")
    yield _distribution(sheet.own)
    yield Passage("<h2>Risk over time</h2>")
    yield from _rolled(sheet)
    yield Passage("<h2>Every other metric</h2>")
    yield readings_table({sheet.name: own.drop(first), **others})
    yield Passage("<h2>How the numbers are made</h2>")
    yield _conventions(sheet)
    yield definitions([str(name) for name in own.index])


def _readings(sheet: _Sheet) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Measure the returns, and alone what they are compared with."""
    terms: Any = {"periods": sheet.periods, "rf": sheet.rf}
    own = compute(sheet.own, metrics="all", benchmark=sheet.market, **terms)
    if sheet.benchmark is None or sheet.market is None:
        return own, {}
    alone = [str(name) for name in own.index if METRICS[str(name)].needs == "returns"]
    return own, {sheet.benchmark: compute(sheet.market, metrics=alone, **terms)}


def _scope(sheet: _Sheet) -> Passage:
    days = sheet.own.index
    parts = [f"{days[0]:%-d %B %Y} to {days[-1]:%-d %B %Y}", f"{len(days):,} daily returns"]
    parts += [f"benchmark {sheet.benchmark}"] if sheet.benchmark is not None else []
    return Passage(f'<p class="muted">{html.escape(" · ".join(parts))}</p>')


def _lead(sheet: _Sheet, values: pd.Series[float]) -> Passage:
    """Say in one sentence what was earned, at which risk; of less than a year nothing a year."""
    depth = percent(values["max_drawdown"])
    fell = f"at its worst it stood {depth} below its highest." if values["max_drawdown"] else ""
    fell = fell or "it never fell below its highest."
    if len(sheet.own) < sheet.periods or pd.isna(values["cagr"]):
        short = ", in too short a time to judge" if len(sheet.own) < sheet.periods else ""
        gained = f"{percent(values['total_return'])} in {len(sheet.own):,} days"
        said = f"It returned {gained}{short}; {fell}"
    else:
        sharpe = values["sharpe_ratio"]
        ratio = "" if pd.isna(sharpe) else f", a Sharpe ratio of {sharpe:.2f}".replace("-", "−")
        yearly, moved = percent(values["cagr"]), percent(values["volatility"])
        said = f"It returned {yearly} a year at a volatility of {moved}{ratio}; {fell}"
    return Passage(f'<p class="lead">{html.escape(said)}</p>')


def _overlap(sheet: _Sheet) -> Passage:
    """Say where the benchmark lacks days."""
    both, days = len(sheet.own if sheet.market is None else sheet.market), len(sheet.own)
    if both == days:
        return remark("")
    return remark(
        f"{sheet.benchmark} has a return on {both:,} of the {days:,} days: its own column, and "
        "what is measured beside it, rest on those."
    )


def _falls(returns: pd.Series) -> Passage:
    falls = drawdown_table(returns).head(DEEPEST)
    if falls.empty:
        return Passage("<p>It never fell below its highest.</p>")
    columns = {
        "depth": [percent(depth) for depth in falls["depth"]],
        "highest on": [_day(day, "the start") for day in falls["peak"]],
        "lowest on": [_day(day, "") for day in falls["trough"]],
        "back on": [_day(day, "not yet") for day in falls["recovery"]],
        "days below": [f"{length:,}" for length in falls["length"]],
    }
    head = "".join(f"<th>{text}</th>" for text in columns)
    rows = zip(*columns.values(), strict=True)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return Passage(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _day(day: Any, otherwise: str) -> str:
    return otherwise if pd.isna(day) else f"{day:%-d %b %Y}"


def _distribution(returns: pd.Series) -> Any:
    months = pd.Series(monthly_table(returns)[list(range(1, 13))].to_numpy().ravel()).dropna()
    if len(months) < MONTHS:
        return _missing(f"A distribution needs {MONTHS} months; there are {len(months)}.")
    return draw_distribution(months)


def _rolled(sheet: _Sheet) -> Iterator[Any]:
    """Draw what moves over time, over half a year at a time."""
    window = max(round(sheet.periods / 2), 2)
    if len(sheet.own) < window:
        yield _missing(
            f"A rolling window is half a year, {window} days; there are {len(sheet.own)}."
        )
        return
    names = [name for name in ROLLED if name != "beta" or sheet.market is not None]
    terms: Any = {"periods": sheet.periods, "rf": sheet.rf, "benchmark": sheet.market}
    curves = rolling(sheet.own, names, window=window, **terms).reindex(sheet.own.index)
    for name in names:
        title, write, level = ROLLED[name]
        if curves[name].notna().any():
            reading = f"Of the last {window} days" + (
                ", annualised" if name == "volatility" else ""
            )
            yield draw_rolling(curves[name], title, reading, write=write, level=level)
        else:
            yield _missing(f"{title}: no window of {window} days has a value.")


def _missing(sentence: str) -> Passage:
    return Passage(f'<p class="muted">{html.escape(sentence)}</p>')


def _conventions(sheet: _Sheet) -> Passage:
    return Passage(
        f"<p>Returns are simple and daily; {sheet.periods:g} of them make a year. Wealth starts at "
        "1 before the first of them, so that an early loss is a drawdown. The risk-free rate is "
        f"{percent(sheet.rf)} a year. A dash stands where a number has no value, and the reason "
        "is given; it never means 0.</p>"
    )


def _write(page: Path, text: str) -> None:
    """Replace the page at once: nobody sees it half written."""
    page.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report-", dir=page.parent) as folder:
        written = Path(folder) / "page"
        written.write_text(text, "utf-8")
        os.replace(written, page)
