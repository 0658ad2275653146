"""Whole contexts on real bars, on days when clocks, hours or the news are out of the ordinary.

The numbers were worked out apart from the package, from the bars that a comment names: by
hand where few bars are concerned; ATR and ADX with TA-Lib; the averages, the volatility, its
rank, the swings and volume at price with plain loops over the definitions.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perfkit.market import DAILY, MarketState
from perfkit.records import Importance, NewsEvent, to_table

# volume is measured against the same hour in New York, of the twenty sessions before
HOURS = DAILY._replace(name="hours", volume_bucket=60)
MINUTES = DAILY._replace(name="minutes")
FOMC = NewsEvent(
    event_id="fomc-2014-09", event_time=datetime(2014, 9, 17, 18, tzinfo=UTC),
    known_at=datetime(2014, 1, 1, tzinfo=UTC), importance=Importance.HIGH,
)  # fmt: skip


def bars_of(frame, lasts):
    """Bars that are stamped with their begin in the source."""
    closed = pa.array((frame["ts"] + lasts).dt.tz_convert(None).to_numpy(), pa.timestamp("us"))
    return pa.table(
        {
            "symbol": pa.array(frame["symbol"].tolist()),
            "close_time": closed.cast(pa.timestamp("us", UTC)),
            **{n: frame[n].to_numpy(float) for n in ("high", "low", "close", "volume")},
        }
    )


@pytest.fixture(scope="module")
def markets(shared_data):
    """Hours of SPY since 1998, and a week of minutes of the ES future."""

    def fed(name, symbol, lasts, calendar, definition):
        frame = pq.read_table(shared_data / "intraday" / name).to_pandas()
        state = MarketState(calendar, definition=definition)
        state.on_bars(bars_of(frame[frame["symbol"] == symbol], lasts))
        state.on_news(to_table([FOMC], NewsEvent))
        return state

    hour, minute = pd.Timedelta(hours=1), pd.Timedelta(minutes=1)
    return {
        "SPY": fed("us_equity_hour.parquet", "SPY", hour, "XNYS", HOURS),
        "ES": fed("es_minute_trade_201310.parquet", "ES", minute, "CMES", MINUTES),
    }


CASES = {
    # The day after Thanksgiving 2019, which closes at 13:00: a quarter of an hour before. The
    # last bar is that of 11:00 to 12:00, 314.88 314.44 314.75, its volume 4,721,658 over
    # 5,886,558, the median of that hour. The session before is Wednesday's seven bars.
    ("SPY", "2019-11-29T17:45"): {
        "market_session": "regular", "minutes_from_open": 195.0, "minutes_to_close": 15.0,
        "close": 314.75, "moving_average": 314.2985, "zscore": 0.591248857,
        "atr": 0.48980216, "adx": 38.503208061, "trend": "uptrend",
        "channel_high": 315.48, "channel_low": 309.07, "momentum": 0.005880285,
        "volatility": 0.001164798, "volatility_rank": 0.0, "volatility_regime": "low",
        "relative_volume": 0.802108397, "volume_profile": "medium",
        "prior_high": 315.48, "prior_low": 314.37, "prior_close": 315.48,
        "point_of_control": 315.271875, "value_area_low": 314.6475, "value_area_high": 315.48,
        # 0.38 above Wednesday's low, 0.52 below its point of control; half an ATR is 0.245
        "price_level": "neutral", "context_asof": "2019-11-29T17:00",
    },
    # Half an hour after that close: the session before is the morning itself, four bars from
    # 315.13 to 314.06. Its last hour traded 2.8 times what noon does.
    ("SPY", "2019-11-29T18:30"): {
        "market_session": "after_hours", "minutes_from_open": None, "minutes_to_close": None,
        "close": 314.31, "moving_average": 314.3685, "zscore": -0.084274987,
        "atr": 0.509102006, "adx": 36.092223622, "trend": "uptrend",
        "channel_high": 315.48, "channel_low": 309.07, "momentum": 0.00447413,
        "volatility": 0.001180156, "volatility_rank": 0.003968254, "volatility_regime": "low",
        "relative_volume": 2.779724492, "volume_profile": "high",
        "prior_high": 315.13, "prior_low": 314.06, "prior_close": 314.31,
        "point_of_control": 314.795625, "value_area_low": 314.46125,
        "value_area_high": 315.085416667,
        # 0.25 above the morning's low of 314.06; half an ATR is 0.2546
        "price_level": "support", "context_asof": "2019-11-29T18:00",
    },
    # The Friday before the clocks go forward, 13:45 UTC is 8:45 in New York: the last bar is
    # Thursday's 15:00 to 16:00, the session before is Thursday.
    ("SPY", "2021-03-12T13:45"): {
        "market_session": "pre_market", "minutes_from_open": None, "minutes_to_close": None,
        "close": 393.53, "moving_average": 391.078565, "zscore": 1.026680923,
        "atr": 2.037205751, "adx": 19.392988114, "trend": "range",
        "channel_high": 395.65, "channel_low": 371.88, "momentum": 0.016268613,
        "volatility": 0.004501819, "volatility_rank": 0.650793651, "volatility_regime": "medium",
        "relative_volume": 1.053693801, "volume_profile": "medium",
        "prior_high": 395.65, "prior_low": 391.74, "prior_close": 393.53,
        "point_of_control": 394.102291667, "value_area_low": 393.369166667,
        "value_area_high": 395.324166667,
        # 0.57 below the point of control, half an ATR is 1.02
        "price_level": "resistance", "context_asof": "2021-03-11T21:00",
    },
    # The Monday after, 14:15 UTC is 10:15: of the first bar, 9:30 to 10:00, the volume of
    # 8,552,084 is 0.78 of the median of the first bars, which closed at 15:00 UTC until Friday.
    ("SPY", "2021-03-15T14:15"): {
        "market_session": "regular", "minutes_from_open": 45.0, "minutes_to_close": 345.0,
        "close": 393.989, "moving_average": 392.67018, "zscore": 0.787017125,
        "atr": 1.713618209, "adx": 15.890609656, "trend": "range",
        "channel_high": 395.65, "channel_low": 371.88, "momentum": 0.01191473,
        "volatility": 0.003626049, "volatility_rank": 0.424603175, "volatility_regime": "medium",
        "relative_volume": 0.784433658, "volume_profile": "medium",
        "prior_high": 394.21, "prior_low": 391.2, "prior_close": 394.06,
        "point_of_control": 392.893125, "value_area_low": 391.57625,
        "value_area_high": 393.206666667,
        # 0.221 below Friday's high of 394.21; half an ATR is 0.857
        "price_level": "resistance", "context_asof": "2021-03-15T14:00",
    },
    # The ES future at night: Tuesday's session began on Monday at 22:00 UTC and goes on until
    # 22:00. The last bar is that of 3:01; Monday's session ended with 1667.50 at 21:15.
    ("ES", "2013-10-08T03:02:30"): {
        "market_session": "regular", "minutes_from_open": 302.5, "minutes_to_close": 1137.5,
        "close": 1666.75, "moving_average": 1666.5125, "zscore": 0.850556814,
        "atr": 0.259752548, "adx": 30.417389398, "trend": "uptrend",
        "channel_high": 1667.0, "channel_low": 1665.0, "momentum": 0.00060033,
        "volatility": 0.000145345, "volatility_rank": 0.345238095, "volatility_regime": "medium",
        # 173 contracts, over 14, the median of the twenty minutes before
        "relative_volume": 12.357142857, "volume_profile": "high",
        "prior_high": 1679.5, "prior_low": 1666.5, "prior_close": 1667.5,
        "point_of_control": 1676.520833333, "value_area_low": 1670.833333333,
        "value_area_high": 1677.875,
        # a swing of the last 252 minutes lies at 1666.75 itself
        "price_level": "support", "context_asof": "2013-10-08T03:02",
    },
    # An afternoon on which the Federal Reserve speaks at 14:00 in New York, 18:00 UTC: forty
    # minutes before, no news is near. The last bar is that of 12:00 to 13:00.
    ("SPY", "2014-09-17T17:20"): {
        "market_session": "regular", "minutes_from_open": 230.0, "minutes_to_close": 160.0,
        "close": 200.43, "moving_average": 199.645, "zscore": 0.927080936,
        "atr": 0.509578405, "adx": 22.023153246, "trend": "range",
        "channel_high": 201.21, "channel_low": 198.38, "momentum": 0.007590991,
        "volatility": 0.001736496, "volatility_rank": 0.428571429, "volatility_regime": "medium",
        "relative_volume": 1.99600596, "volume_profile": "high",
        "prior_high": 200.84, "prior_low": 198.5, "prior_close": 200.52,
        "point_of_control": 200.69375, "value_area_low": 199.3775, "value_area_high": 200.84,
        # a swing 0.10 below; half an ATR is 0.2548
        "price_level": "support", "context_asof": "2014-09-17T17:00", "news_event": False,
    },
    # Ten minutes after it: the last bar is that of 13:00 to 14:00, before the statement.
    ("SPY", "2014-09-17T18:10"): {
        "market_session": "regular", "minutes_from_open": 280.0, "minutes_to_close": 110.0,
        "close": 200.7, "moving_average": 199.746, "zscore": 1.127543,
        "atr": 0.510322805, "adx": 21.466226688, "trend": "range",
        "channel_high": 201.21, "channel_low": 198.38, "momentum": 0.010167103,
        "volatility": 0.001715584, "volatility_rank": 0.396825397, "volatility_regime": "medium",
        "relative_volume": 1.840435091, "volume_profile": "high",
        "prior_high": 200.84, "prior_low": 198.5, "prior_close": 200.52,
        "point_of_control": 200.69375, "value_area_low": 199.3775, "value_area_high": 200.84,
        # 0.00625 above Tuesday's point of control
        "price_level": "support", "context_asof": "2014-09-17T18:00",
        "news_event": True, "news_id": "fomc-2014-09", "news_minutes": 10.0,
    },
}  # fmt: skip


@pytest.mark.parametrize(("symbol", "time"), CASES)
def test_a_context_is_that_of_the_bars_before_it(markets, symbol, time):
    at = datetime.fromisoformat(time).replace(tzinfo=UTC)
    found = markets[symbol].contexts([symbol], [at]).to_pylist()[0]
    expected = {
        "news_event": False if at > FOMC.known_at else None, "news_id": None, "news_minutes": None,
        "news_reason": None if at > FOMC.known_at else "no_events",
        "context_reason": None, "session_reason": None,
        "calendar": "XNYS" if symbol == "SPY" else "CMES",
        "context_definition": "hours" if symbol == "SPY" else "minutes",
        **CASES[symbol, time],
    }  # fmt: skip
    asof = expected["context_asof"]
    expected["context_asof"] = datetime.fromisoformat(asof).replace(tzinfo=UTC)
    assert set(found) == set(expected)
    for name, value in expected.items():
        wanted = pytest.approx(value, rel=1e-8, abs=2e-9) if isinstance(value, float) else value
        assert found[name] == wanted, name
