"""Expressions: a label rule as one line of text, read against a short list of what it may say.

Nothing of it is run as Python. It is parsed, every part is held against the list, and
what is left is arithmetic and comparison of columns. What is not known stays not known:
a comparison with a null is neither true nor false, its negation neither, and a label is
given only where the whole is true. So does a figure without a finite value, such as one
over zero.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from perfkit.labels.rule import BoolColumn

__all__ = ["Expression", "read_expression"]

_LONGEST, _DEEPEST = 1000, 40  # characters, and parts within parts
_LARGEST = 1e300
_SHOWN = 60  # characters of a part that is refused
_ALLOWED = (
    "allowed are columns, parameters, numbers, 'words', comparisons (also a < b < c), and or "
    "not & | ~, + - * /, abs(), min(), max() and parentheses"
)
_PARTNERS = {"news_event": "news_is_known"}  # a yes or no that may be null, and where it is not


class Answer(NamedTuple):
    """Where something is true, and where it is false; elsewhere it is not known."""

    true: Any
    false: Any


Values = Mapping[str, Any]


class Part(NamedTuple):
    """A part of an expression: ``number``, ``word`` or ``yes or no``, and how to read it."""

    kind: str
    read: Callable[[Values], Any]


class Expression(NamedTuple):
    """What an expression names, and how it is answered.

    Attributes
    ----------
    names : tuple of str
        Columns and parameters, in the order in which they are named.
    read : callable
        Takes their values by name, gives a bool array of shape (n_trades,).
    """

    names: tuple[str, ...]
    read: Callable[[Values], BoolColumn]


def read_expression(text: str, kinds: Mapping[str, str], where: str) -> Expression:
    """Read a rule's condition.

    Parameters
    ----------
    text : str
        Such as ``opens and zscore < -1``.
    kinds : mapping of str to str
        Every name that it may use: ``number``, ``word`` or ``yes or no``.
    where : str
        What a message begins with.

    Raises
    ------
    InvalidArgumentError
        Naming the part that is not allowed, and what is.
    """
    reader = _Reader(text, kinds, where)
    part = reader.part(reader.parsed(), 0)
    if part.kind != "yes or no" or not reader.names:
        raise reader.refusal(f"compare at least one column, was {text!r}, a {part.kind}")
    return Expression(tuple(reader.names), lambda values: np.asarray(part.read(values).true))


class _Reader:
    def __init__(self, text: str, kinds: Mapping[str, str], where: str) -> None:
        self._text, self._kinds, self._where = f"({text}\n)", kinds, where
        self.names: dict[str, None] = {}  # in the order in which they are named

    def refusal(self, requirement: str) -> InvalidArgumentError:
        return InvalidArgumentError(f"{self._where}: when must {requirement}; {_ALLOWED}")

    def parsed(self) -> ast.expr:
        if len(self._text) > _LONGEST:
            raise self.refusal(f"have at most {_LONGEST} characters, had {len(self._text):,}")
        try:
            return ast.parse(self._text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self.refusal(f"be one expression, was {self._text[1:-2]!r}: {error}") from error

    def part(self, node: ast.expr, depth: int) -> Part:
        if depth > _DEEPEST:
            raise self.refusal(f"nest at most {_DEEPEST} parts within each other")
        read = partial(self.part, depth=depth + 1)
        match node:
            case ast.Name(id=name):
                return self._name(name)
            case ast.Constant(value=value):
                return self._constant(value)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                of = operator.neg if isinstance(sign, ast.USub) else operator.pos
                return self._figure(of, [read(operand)], "+ and -")
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                (inner,) = self._answers([read(operand)], "not")
                return Part("yes or no", lambda values: _turned(inner.read(values)))
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                return self._joined(isinstance(op, ast.BitAnd), [read(left), read(right)])
            case ast.BoolOp(op=op, values=parts):
                return self._joined(isinstance(op, ast.And), [read(part) for part in parts])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._figure(_ARITHMETIC[type(op)], [read(left), read(right)], "+ - * /")
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if (
                name in _FUNCTIONS and len(args) in _FUNCTIONS[name].counts
            ):
                return self._figure(_FUNCTIONS[name].of, [read(arg) for arg in args], name)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._chained([read(part) for part in (left, *others)], ops)
        refused = ast.get_source_segment(self._text, node) or ""
        raise self.refusal(f"not hold {refused[:_SHOWN]!r}")

    def _name(self, name: str) -> Part:
        if name not in self._kinds:
            near = ", ".join(difflib.get_close_matches(name, self._kinds, n=3))
            hint = f"near it are {near}" if near else "label_catalog() shows columns in use"
            raise self.refusal(
                f"name columns of Fill, MarketContext or Ledger.apply, or parameters, named "
                f"{name!r}: {hint}"
            )
        self.names[name] = None
        if self._kinds[name] != "yes or no":
            return Part(self._kinds[name], lambda values: values[name])
        partner = _PARTNERS.get(name)
        if partner is None:
            return Part("yes or no", lambda values: Answer(values[name], ~values[name]))
        self.names[partner] = None
        return Part("yes or no", lambda v: Answer(v[name] & v[partner], ~v[name] & v[partner]))

    def _constant(self, value: object) -> Part:
        if isinstance(value, str) and value:
            return Part("word", lambda _: value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = np.float64(value) if abs(value) < _LARGEST else np.inf
            if np.isfinite(number):
                return Part("number", lambda _: number)
        shown = repr(value)[:20] if isinstance(value, str | bool | float) else type(value).__name__
        raise self.refusal(f"hold finite numbers and words that are not empty, held {shown}")

    def _figure(self, of: Callable[..., Any], parts: list[Part], what: str) -> Part:
        if wrong := [part.kind for part in parts if part.kind != "number"]:
            raise self.refusal(f"give numbers to {what}, gave a {wrong[0]}")
        return Part("number", lambda values: _finite(of(*(p.read(values) for p in parts))))

    def _answers(self, parts: list[Part], what: str) -> list[Part]:
        if wrong := [part.kind for part in parts if part.kind != "yes or no"]:
            raise self.refusal(
                f"give {what} comparisons, gave a {wrong[0]}; & | ~ bind closer than a comparison, "
                "so write (a > 1) & (b < 2), or a > 1 and b < 2"
            )
        return parts

    def _joined(self, is_all: bool, parts: list[Part]) -> Part:
        inner = [part.read for part in self._answers(parts, "and, or")]
        both, either = (np.logical_and, np.logical_or)
        true, false = (both, either) if is_all else (either, both)

        def read(values: Values) -> Answer:
            found = [one(values) for one in inner]
            answer: Answer = found[0]
            for other in found[1:]:
                answer = Answer(true(answer.true, other.true), false(answer.false, other.false))
            return answer

        return Part("yes or no", read)

    def _chained(self, parts: list[Part], ops: list[ast.cmpop]) -> Part:
        pairs = zip(parts, ops, parts[1:], strict=False)
        found = [self._compared(one, op, other) for one, op, other in pairs]
        return found[0] if len(found) == 1 else self._joined(True, found)

    def _compared(self, one: Part, op: ast.cmpop, other: Part) -> Part:
        kinds = {one.kind, other.kind}
        for kind, operators, known in _COMPARISONS:
            if kinds == {kind} and type(op) in operators:
                of = partial(_comparison, operators[type(op)], known)
                return Part("yes or no", partial(_of_two, of, one, other))
        raise self.refusal(
            f"compare numbers with < <= > >= == != and words with == !=, compared a {one.kind} "
            f"with a {other.kind} by {type(op).__name__}"
        )


def _comparison(
    of: Callable[[Any, Any], Any], known: Callable[[Any], Any], one: Any, other: Any
) -> Answer:
    holds, is_known = of(one, other), known(one) & known(other)
    return Answer(holds & is_known, np.logical_not(holds) & is_known)


def _of_two(of: Callable[[Any, Any], Answer], one: Part, other: Part, values: Values) -> Answer:
    return of(one.read(values), other.read(values))


def _turned(answer: Answer) -> Answer:
    return Answer(answer.false, answer.true)


def _has(number: Any) -> Any:
    return np.logical_not(np.isnan(number))


def _said(word: Any) -> Any:
    return np.asarray(word) != ""


def _finite(number: Any) -> Any:
    return np.where(np.isfinite(number), number, np.nan)


class _Function(NamedTuple):
    of: Callable[..., Any]
    counts: range


def _least(*numbers: Any) -> Any:
    return np.minimum.reduce(np.broadcast_arrays(*numbers))


def _greatest(*numbers: Any) -> Any:
    return np.maximum.reduce(np.broadcast_arrays(*numbers))


_EQUALITIES: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ORDERINGS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_COMPARISONS = (("number", _EQUALITIES | _ORDERINGS, _has), ("word", _EQUALITIES, _said))
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_FUNCTIONS = {
    "abs": _Function(np.abs, range(1, 2)),
    "min": _Function(_least, range(2, 9)),
    "max": _Function(_greatest, range(2, 9)),
}
