"""Daily prices for backtests: the real ones that skfolio ships, and their bars."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.records import Bar, conform

__all__ = ["DailyPrices", "at_close", "load_skfolio_prices", "to_bars"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyPrices:
    """Closes of stocks, of a benchmark and of factors.

    Attributes
    ----------
    stocks : DataFrame of shape (n_days, n_symbols)
        Closing prices adjusted for splits and dividends, in dollars; the
        index is the time of the close in UTC.
    benchmark : Series of shape (n_days,)
        Closes of the index named by the series.
    factors : DataFrame of shape (n_factor_days, n_factors)
        Closes of factor funds; they begin later.
    """

    stocks: pd.DataFrame
    benchmark: pd.Series
    factors: pd.DataFrame


def load_skfolio_prices() -> DailyPrices:
    """Load the daily prices in skfolio's wheel.

    Twenty US stocks and the S&P 500 from 1990-01-02 to 2022-12-28, and the
    factor funds MTUM, QUAL, SIZE, USMV and VLUE from 2014 on. The files are
    read where they are installed: importing skfolio itself takes seconds,
    and neither this nor that reaches for the network.

    Raises
    ------
    ImportFormatError
        When skfolio is not installed.

    References
    ----------
    .. [1] skfolio, ``skfolio.datasets``, BSD-3-Clause. Twenty names that did
       well enough to be chosen in 2022: a survivors' set, for showing how
       things work and not for judging strategies.
    """
    spec = importlib.util.find_spec("skfolio")
    if spec is None or spec.origin is None:
        raise ImportFormatError(
            "the demonstration prices must be installed, were not found; "
            "pip install 'perfkit[demo]'"
        )
    folder = Path(spec.origin).parent / "datasets" / "data"
    index = _read(folder / "sp500_index.csv.gz")
    return DailyPrices(
        stocks=_read(folder / "sp500_dataset.csv.gz"),
        benchmark=index.iloc[:, 0].rename("SP500"),
        factors=_read(folder / "factors_dataset.csv.gz"),
    )


def _read(path: Path) -> pd.DataFrame:
    return at_close(pd.read_csv(path, index_col=0, parse_dates=True))


def at_close(
    frame: pd.DataFrame, *, zone: str = "America/New_York", close_time: str = "16:00"
) -> pd.DataFrame:
    """Stamp rows of trading days with the time of the close.

    Parameters
    ----------
    frame : DataFrame
        Index of days without a zone.
    zone : str
        IANA name of the exchange's zone; summer time is its own.
    close_time : str
        Clock time there, ``HH:MM``. A half day is stamped with it too: its
        close is then known later than it was, never earlier.

    Returns
    -------
    DataFrame
        The same values; the index is the close in UTC.

    Examples
    --------
    >>> days = pd.DatetimeIndex(["2022-01-31", "2022-07-29"])
    >>> closes = at_close(pd.DataFrame({"AAPL": [174.8, 162.5]}, index=days))
    >>> [str(time.time()) for time in closes.index]
    ['21:00:00', '20:00:00']
    """
    days = frame.index
    if not isinstance(days, pd.DatetimeIndex) or days.tz is not None:
        raise InvalidArgumentError(
            f"the index must be days without a zone, was {days.dtype}; "
            "times that have a zone need no stamp"
        )
    local = days.normalize() + pd.Timedelta(f"{close_time}:00")
    return frame.set_axis(local.tz_localize(zone).tz_convert("UTC"), axis=0)


def to_bars(closes: pd.DataFrame | pd.Series) -> pa.Table:
    """Turn closes into bars.

    Parameters
    ----------
    closes : DataFrame or Series
        A column a symbol, or a series named by its symbol; the index is the
        time of each close, with a zone. NaN is a day without a bar.

    Returns
    -------
    pyarrow.Table
        With ``arrow_schema(Bar)``, by time and then in the order of the
        columns; open, high, low and volume are null.

    Raises
    ------
    InvalidArgumentError
        When the times have no zone.
    """
    frame = closes.to_frame() if isinstance(closes, pd.Series) else closes
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InvalidArgumentError(
            f"the index must be times with a zone, was {index.dtype}; stamp days with at_close"
        )
    values = frame.to_numpy(dtype=np.float64)
    known = ~np.isnan(values.ravel())
    utc = index.tz_convert(None).to_numpy().astype("datetime64[us]")
    times = pa.array(np.repeat(utc, values.shape[1])[known]).cast(pa.timestamp("us", "UTC"))
    symbols = np.tile([str(name) for name in frame.columns], len(values))[known]
    columns = {"symbol": symbols, "close_time": times, "close": values.ravel()[known]}
    return conform(pa.table(columns), Bar)
