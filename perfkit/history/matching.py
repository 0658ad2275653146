"""Matching: which fill of a statement is which of the history.

Two sources name the same execution differently. It is found by its id, else by what it
was, else by when it was; of several alike the first is the first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["COMPARED", "differing_fields", "is_other_money", "matched"]

COMPARED = [
    *("account_id", "strategy_id", "symbol", "execution_time", "trade_id", "side", "price"),
    *("volume", "multiplier", "commission", "fee_currency", "currency"),
]
_DIGITS = 12  # of a price or a volume; a float's noise begins at the 16th
_NOISE = 1e-9  # relative: less is not a difference
_SECOND = pd.Timedelta(seconds=1)
_KEYS = {
    "id": ["account_id", "trade_id"],
    "content": ["account_id", "symbol", "side", "second", "price_", "volume_"],
    "moment": ["account_id", "symbol", "side", "second"],
}
# what is counted in hundredths: half a cent of a coin is no rounding
_WITH_CENTS = {
    *("USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK"),
    *("HUF", "RON", "TRY", "ILS", "ZAR", "MXN", "BRL", "CNY", "CNH", "HKD", "SGD", "KRW", "INR"),
    *("TWD", "THB", "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDE", "DAI"),
}
_COLUMNS = [
    *("account_id", "symbol", "execution_time", "trade_id", "statement_id", "matched_by"),
    *("field", "ours", "statement"),
]


def matched(ours: pd.DataFrame, statement: pd.DataFrame) -> pd.DataFrame:
    """Pair the fills of two sources.

    Parameters
    ----------
    ours, statement : DataFrame
        Columns ``COMPARED``, in order of time.

    Returns
    -------
    DataFrame, one row a pair
        ours and statement: labels of the rows, and matched_by: ``id`` (account and
        trade_id), ``content`` (account, symbol, side, price, volume, second) or ``moment``
        (account, symbol, side, second).
    """
    left, right = _keyed(ours), _keyed(statement)
    pairs = []
    for word, keys in _KEYS.items():
        found = _numbered(left, keys, "ours").merge(
            _numbered(right, keys, "statement"), on=[*keys, "occurrence"]
        )
        left, right = _without(left, found["ours"]), _without(right, found["statement"])
        pairs.append(found[["ours", "statement"]].assign(matched_by=word))
    return pd.concat(pairs, ignore_index=True)


def _keyed(fills: pd.DataFrame) -> pd.DataFrame:
    names = ["account_id", "trade_id", "symbol", "side"]
    return fills[names].assign(
        second=fills["execution_time"].dt.floor("s"),
        price_=_rounded(fills["price"].to_numpy()),
        volume_=_rounded(fills["volume"].to_numpy()),
    )


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    size = np.floor(np.log10(np.abs(np.where(values == 0.0, 1.0, values))))
    unit = 10.0 ** (_DIGITS - 1 - size)
    rounded: npt.NDArray[np.float64] = np.rint(values * unit) / unit
    return rounded


def _without(fills: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    return fills[~fills.index.isin(rows)]


def _numbered(fills: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    occurrence = fills.groupby(keys).cumcount()
    return fills[keys].assign(occurrence=occurrence, **{name: fills.index})


def differing_fields(
    ours: pd.DataFrame, statement: pd.DataFrame, matched_by: pd.Series, tolerance: float
) -> pd.DataFrame:
    """List the fields in which matched fills differ.

    Parameters
    ----------
    ours, statement : DataFrame
        Columns ``COMPARED``; the rows of a pair stand at the same place.
    matched_by : Series
        How each pair was found.
    tolerance : float
        Of a commission in a currency that has cents.

    Returns
    -------
    DataFrame, one row a field of a pair
        account_id, symbol, execution_time and trade_id (ours), statement_id, matched_by,
        field, and the two values.
    """
    a, b = ours.reset_index(drop=True), statement.reset_index(drop=True)
    paid = [side["fee_currency"].fillna(side["currency"]) for side in (a, b)]
    is_fee = (a["commission"] != 0.0) | (b["commission"] != 0.0)
    differs = {
        "execution_time": (a["execution_time"] - b["execution_time"]).abs() >= _SECOND,
        "symbol": a["symbol"] != b["symbol"],
        "side": a["side"] != b["side"],
        **{name: _is_other(a[name], b[name], 0.0) for name in ("price", "volume", "multiplier")},
        "commission": is_other_money(a["commission"], b["commission"], paid[1], tolerance),
        # a currency that is not said is the account's own, whatever that is called
        "fee_currency": is_fee & (paid[0] != paid[1]) & paid[0].notna() & paid[1].notna(),
    }
    names = a[["account_id", "symbol", "execution_time", "trade_id"]].assign(
        statement_id=b["trade_id"], matched_by=matched_by.to_numpy()
    )
    frames = []
    for field, rows in differs.items():
        left, right = paid if field == "fee_currency" else (a[field], b[field])
        values = names.assign(field=field, ours=left.astype(object), statement=right.astype(object))
        frames.append(values[rows])
    return pd.concat(frames)[_COLUMNS].sort_index(kind="stable").reset_index(drop=True)


def is_other_money(
    ours: pd.Series, statement: pd.Series, currency: pd.Series, tolerance: float
) -> pd.Series:
    """Tell amounts that differ by more than rounding; an unknown one differs from a known.

    Parameters
    ----------
    ours, statement : Series
        Amounts.
    currency : Series
        Of each; the tolerance is for those that have cents, or are not named.
    tolerance : float
        Absolute. Of other currencies amounts differ by more than 1e-9 of their size.
    """
    has_cents = currency.isna() | currency.isin(_WITH_CENTS)
    return _is_other(ours, statement, np.where(has_cents, tolerance, 0.0))


def _is_other(a: pd.Series, b: pd.Series, allowed: float | npt.NDArray[np.float64]) -> pd.Series:
    size = pd.concat([a.abs(), b.abs()], axis=1).max(axis=1)
    differs = (a - b).abs() > np.maximum(_NOISE * size, allowed)
    return differs | (a.isna() != b.isna())
