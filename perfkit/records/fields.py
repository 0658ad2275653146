"""What a record's annotations say of each field, read once.

``volume: Annotated[float, "units", Positive("...")] = 1.0`` gives the type,
the unit (the string), the rules (the rest) and the default.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, NamedTuple

from perfkit.records.rules import OneOf, Rule, Time

__all__ = ["FieldSpec", "field_specs", "record_kind"]


class FieldSpec(NamedTuple):
    """What one annotation says of its field."""

    name: str
    kind: Any
    optional: bool
    required: bool
    default: Any
    unit: str | None
    rules: tuple[Rule, ...]


@cache
def field_specs(cls: type) -> tuple[FieldSpec, ...]:
    """Read the fields of a record class, in order."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(_spec(field, hints[field.name]) for field in dataclasses.fields(cls))


def _spec(field: dataclasses.Field[Any], hint: Any) -> FieldSpec:
    kind, notes, optional = hint, [], False
    while typing.get_origin(kind) is Annotated or _is_optional(kind):
        if typing.get_origin(kind) is Annotated:
            kind, *more = typing.get_args(kind)
            notes += more
        else:
            optional = True
            kind = next(a for a in typing.get_args(kind) if a is not type(None))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        notes.append(OneOf(tuple(kind)))
    if kind is datetime:
        notes.append(Time())
    default = field.default
    return FieldSpec(
        name=field.name,
        kind=kind,
        optional=optional,
        required=default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        default=default if default is not dataclasses.MISSING else None,
        unit=next((n for n in notes if isinstance(n, str)), None),
        rules=tuple(n for n in notes if not isinstance(n, str)),
    )


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) in (types.UnionType, typing.Union) and type(
        None
    ) in typing.get_args(hint)


def record_kind(cls: type) -> str:
    """Name a record class in a sentence: ``TradeRecord`` is "trade record"."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in cls.__name__).strip()
