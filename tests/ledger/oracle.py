"""An oracle: the books kept by hand, one fill after another, in exact fractions.

Written from what the documentation of `Ledger`, `daily_equity` and the records says;
it shares no code with the kernels and knows nothing of floats but how to read them.

Dust: a position is flat once it is below 1e-9 of the volume traded since it was last
flat. What is left then is forgotten at no gain, so money may differ from the ledger's by
that part of the value traded, and by nothing else but rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

DUST = Fraction(1, 10**9)
BOOK = ("account_id", "strategy_id", "symbol")


@dataclass
class Lot:
    """Units bought or sold at one price and not closed yet."""

    price: Fraction
    quantity: Fraction


@dataclass
class Book:
    """One (account, strategy, symbol), by one cost method."""

    method: str
    multiplier: Fraction
    is_inverse: bool
    sign: int = 0
    lots: list[Lot] = field(default_factory=list)
    traded: Fraction = Fraction(0)
    ever: Fraction = Fraction(0)
    highest: Fraction = Fraction(0)
    trip: Fraction | None = Fraction(0)

    @property
    def position(self):
        return self.sign * sum(lot.quantity for lot in self.lots)

    @property
    def average(self):
        if not self.lots:
            return None
        held = sum(lot.quantity for lot in self.lots)
        if self.is_inverse:
            return held / sum(lot.quantity / lot.price for lot in self.lots)
        return sum(lot.quantity * lot.price for lot in self.lots) / held

    @property
    def tolerance(self):
        """Money that all dust of the book can be worth, and rounding."""
        return 4e-9 * float(self.ever * self.highest) + 1e-15

    def split(self, ratio):
        """What is held is multiplied by the ratio, its cost a unit divided by it."""
        self.traded *= ratio
        self.ever *= ratio
        self.highest /= ratio
        for lot in self.lots:
            lot.quantity *= ratio
            # a contract that is worth 1 / price costs half as much at twice the price
            lot.price = lot.price * ratio if self.is_inverse else lot.price / ratio

    def value(self, price):
        """Money that one unit is worth at a price, of an inverse contract negative."""
        return self.multiplier * (-1 / price if self.is_inverse else price)

    def take(self, quantity, price):
        """Book a signed quantity; return what it realised, closed and opened."""
        self.ever += abs(quantity)
        self.highest = max(self.highest, abs(self.value(price)))
        before = self.position
        realized, left = Fraction(0), abs(quantity)
        if quantity * before < 0:
            while left and self.lots:
                lot = self.lots[self._first()]
                part = min(left, lot.quantity)
                realized += self.sign * part * (self.value(price) - self.value(lot.price))
                lot.quantity -= part
                left -= part
                self.lots = [lot for lot in self.lots if lot.quantity]
        closed = abs(quantity) - left
        self.traded += abs(quantity)
        after = before + quantity
        if abs(after) < DUST * self.traded or after == 0:
            self.lots, self.sign, self.traded = [], 0, Fraction(0)
            return realized, closed, Fraction(0)
        if left:
            if closed:
                self.traded = abs(after)
            self.sign = 1 if after > 0 else -1
            self.lots.append(Lot(price, left))
            if self.method == "average":
                self.lots = [Lot(self.average, abs(after))]
        return realized, closed, left

    def _first(self):
        """Place of the lot that an exit closes first; the oldest stands first."""
        if self.method == "lifo":
            return len(self.lots) - 1
        if self.method == "hifo":
            prices = [self.sign * lot.price for lot in self.lots]
            return prices.index(max(prices))
        return 0


class Rates:
    """Exchange rates from marks such as EUR/USD, the newest known at a time."""

    def __init__(self, marks):
        self.pairs = {}
        for mark in sorted(marks, key=lambda mark: mark["time"]):
            if "/" in mark["symbol"]:
                known = self.pairs.setdefault(tuple(mark["symbol"].split("/")), [])
                known.append((mark["time"], Fraction(mark["price"])))

    def at(self, base, quote, time):
        """Units of quote for one of base; None when not known yet."""
        if base is None or quote is None:
            return Fraction(1)
        found = self._direct(base, quote, time)
        for third in sorted({name for pair in self.pairs for name in pair} - {base, quote}):
            if found is None:
                legs = self._direct(base, third, time), self._direct(third, quote, time)
                found = None if None in legs else legs[0] * legs[1]
        return found

    def _direct(self, base, quote, time):
        if base == quote:
            return Fraction(1)
        straight = [rate for when, rate in self.pairs.get((base, quote), ()) if when <= time]
        if straight:
            return straight[-1]
        turned = [rate for when, rate in self.pairs.get((quote, base), ()) if when <= time]
        return 1 / turned[-1] if turned else None


def is_inverse(fill):
    return fill["contract"] == "inverse"


def money_of(fill):
    """Currency of a fill's P&L."""
    return fill["base_currency"] if is_inverse(fill) else fill["currency"]


def charged(fill, rates):
    """Give the signed units that a fill moves, and its fee in money of the P&L."""
    quantity = Fraction(fill["volume"]) * (1 if fill["side"] == "buy" else -1)
    fee, paid_in = Fraction(fill["commission"]), fill["fee_currency"]
    if fee == 0 or paid_in is None:
        return quantity, fee
    if paid_in == fill["base_currency"] and not is_inverse(fill):
        size, price = Fraction(fill["multiplier"]), Fraction(fill["price"])
        return quantity - fee / size, fee * price
    rate = rates.at(paid_in, money_of(fill), fill["execution_time"])
    return quantity, None if rate is None else fee * rate


def in_order(fills):
    """Rows of a table of new fills by (execution_time, sequence), else row."""
    rows = fills.to_pylist()
    return sorted(rows, key=lambda row: (row["execution_time"], row.get("sequence") or 0))


def timeline(fills, splits):
    """Splits and fills in the order in which they happened: new units trade from its time on."""
    events = [(split["execution_time"], 0, split) for split in splits.to_pylist()]
    events += [(fill["execution_time"], 1, fill) for fill in in_order(fills)]
    return sorted(events, key=lambda event: event[:2])


def keep_books(method, fills, splits, marks):
    """Book every fill.

    Returns
    -------
    rows : dict of (account, trade_id) to dict
        What each fill did, by the names of the ledger's columns.
    books : dict of (account, strategy, symbol) to Book
        As they are in the end.
    """
    rates, books, rows, sums = Rates(marks.to_pylist()), {}, {}, {}
    for _, is_fill, event in timeline(fills, splits):
        if not is_fill:
            for (account, _, symbol), book in books.items():
                if (account, symbol) == (event["account_id"], event["symbol"]):
                    book.split(Fraction(event["ratio"]))
            continue
        key = tuple(event[name] for name in BOOK)
        new = Book(method, Fraction(event["multiplier"]), is_inverse(event))
        book = books.setdefault(key, new)
        quantity, fee = charged(event, rates)
        row = {"position_before": book.position, "average_price_before": book.average}
        realized, closed, opened = book.take(quantity, Fraction(event["price"]))
        pnl = None if fee is None else realized - fee
        total = (*key[:2], money_of(event))
        before = sums.get(total, Fraction(0))
        sums[total] = None if None in (before, pnl) else before + pnl
        row |= {"realized_pnl": realized, "fees": fee, "pnl": pnl, "position": book.position}
        row |= {"average_price": book.average, "cumulative_pnl": sums[total]}
        row["round_trip_pnl"] = _trip(book, row, closed, opened)
        rows[event["account_id"], event["trade_id"]] = row
    return rows, books


def _trip(book, row, closed, opened):
    """Net P&L of the round trip that a fill closed; the fee of a flip goes by quantity."""
    if row["position_before"] == 0:  # a fee that took a fill whole belongs to no trip
        book.trip = Fraction(0)
    fee, is_over = row["fees"], closed and (opened or not book.lots)
    ahead = None if fee is None else fee * opened / (closed + opened) if closed else Fraction(0)
    own = None if fee is None else row["realized_pnl"] - (fee - ahead)
    book.trip = None if None in (book.trip, own) else book.trip + own
    if not is_over:
        return None
    ended = book.trip
    book.trip = Fraction(0) if not opened else None if ahead is None else -ahead
    return ended


@dataclass
class Worth:
    """What one strategy has made in one book or by its cash, up to a moment."""

    spent: Fraction = Fraction(0)  # money that fills cost before fees, each at its own rate
    fees: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    value: Fraction = Fraction(0)  # at the end, at the end's rate; of inverse below 0
    local: Fraction = Fraction(0)  # gain in the book's own money, before fees

    @property
    def pnl(self):
        return self.value - self.spent - self.fees


def worth_of_books(history, target, until):
    """Value every book at the end of a day; ``history`` is fills, splits and marks.

    Later facts than ``until`` do not count; a ``target`` of None converts nothing.
    """
    fills, splits, marks = history
    rates, books, prices = Rates(marks.to_pylist()), {}, {}
    worth, money = {}, {}
    events = timeline(fills, splits)
    events += [(mark["time"], 2, mark) for mark in marks.to_pylist()]
    for _, kind, event in sorted(events, key=lambda event: event[:2]):
        if event.get("time", event.get("execution_time")) > until:
            continue
        if kind == 0:
            _split(books, prices, event)
        elif kind == 2:
            prices |= {k: Fraction(event["price"]) for k in books if k[2] == event["symbol"]}
        else:
            key = tuple(event[name] for name in BOOK)
            new = Book("average", Fraction(event["multiplier"]), is_inverse(event))
            book, own = books.setdefault(key, new), worth.setdefault(key, Worth())
            money[key] = money_of(event)
            rate = rates.at(money[key], target, event["execution_time"])
            quantity, fee = charged(event, rates)
            price = prices[key] = Fraction(event["price"])
            own.realized += book.take(quantity, price)[0] * rate
            own.spent += quantity * book.value(price) * rate
            own.local -= quantity * book.value(price)
            own.fees += fee * rate
    for key, book in books.items():
        value = book.position * book.value(prices[key]) if book.lots else Fraction(0)
        worth[key].local += value
        worth[key].value = value * rates.at(money[key], target, until)
    return worth, money


def _split(books, prices, split):
    ratio = Fraction(split["ratio"])
    for key, book in books.items():
        if (key[0], key[2]) == (split["account_id"], split["symbol"]):
            book.split(ratio)
            # carried forward, a price from before the split is worth what it was
            prices[key] = prices[key] * ratio if book.is_inverse else prices[key] / ratio


def tolerances(fills, splits, marks):
    """Money that dust can be worth: of each book, and of each strategy in each currency."""
    _, books = keep_books("average", fills, splits, marks)
    money = {tuple(fill[n] for n in BOOK): money_of(fill) for fill in fills.to_pylist()}
    found = {key: book.tolerance for key, book in books.items()}
    for key, book in books.items():
        total = (*key[:2], money[key], "total")
        found[total] = found.get(total, 0.0) + book.tolerance
    return found
