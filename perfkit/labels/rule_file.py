"""Rule files: a desk's own rules and numbers, in TOML, under a version.

::

    version = "2026-11"

    [parameters.quick_exit]
    days = 2

    [rules.big_morning_buy]
    when = "opens & (direction > 0) & (minutes_from_open < minutes)"
    text = "A purchase soon after the opening."
    family = "behavioral"
    known_at = "entry"
    source = "the desk"
    parameters = { minutes = 15 }

What a condition may say is in `perfkit.labels.expression`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

import numpy as np
import pyarrow as pa

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.labels.expression import Expression, read_expression
from perfkit.labels.rule import BoolColumn, Family, KnownAt, LabelRule
from perfkit.labels.trade_columns import DERIVED
from perfkit.ledger.ledger_answer import LEDGER_SCHEMA
from perfkit.records import Fill, MarketContext, arrow_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RuleSet", "read_rules"]

_FAMILIES, _MOMENTS = get_args(Family), get_args(KnownAt)
_TEXTS = ("when", "text", "family", "known_at", "source")
_YES_OR_NO = ("opens", "closes", "news_is_known")


class RuleSet(NamedTuple):
    """What a rule file says.

    Attributes
    ----------
    version : str
        Names the set.
    parameters : mapping of str to mapping of str to float
        Other numbers for rules of the catalogue, by label.
    rules : tuple of LabelRule
        Those of one's own.
    """

    version: str
    parameters: Mapping[str, Mapping[str, float]]
    rules: tuple[LabelRule, ...]


def read_rules(path: str | Path) -> RuleSet:
    """Read a rule file.

    Parameters
    ----------
    path : path
        A TOML file with ``version``, and ``parameters`` and ``rules`` where there are any.

    Raises
    ------
    ImportFormatError
        When the file can't be read or is no TOML.
    InvalidArgumentError
        When it holds what a rule file has not; the message names file, rule and key,
        and what is allowed.
    """
    if not isinstance(path, str | Path):
        raise InvalidArgumentError(f"path must be that of a rule file, was {path!r}")
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ImportFormatError(f"{path}: must be a readable file: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ImportFormatError(f"{path}: must be a TOML file: {error}") from error
    _require_keys(str(path), found, ("version",), ("parameters", "rules"))
    version = found["version"]
    if not isinstance(version, str):
        raise InvalidArgumentError(
            f"{path}: version must be text such as '2026-11', was {version!r}; put it in quotes"
        )
    parameters = {
        label: _numbers(f"{path}, [parameters.{label}]", numbers)
        for label, numbers in _tables(f"{path}, [parameters]", found.get("parameters", {}))
    }
    own = _tables(f"{path}, [rules]", found.get("rules", {}))
    rules = tuple(_rule(f"{path}, [rules.{name}]", name, said) for name, said in own)
    return RuleSet(version, parameters, rules)


def column_kinds() -> dict[str, str]:
    """Say of every column that a condition may name whether it is number, word or yes or no."""
    kinds = dict.fromkeys(DERIVED, "number") | dict.fromkeys(_YES_OR_NO, "yes or no")
    for field in (*arrow_schema(MarketContext), *LEDGER_SCHEMA, *arrow_schema(Fill)):
        if pa.types.is_string(field.type):
            kinds[field.name] = "word"
        else:
            kinds[field.name] = "yes or no" if pa.types.is_boolean(field.type) else "number"
    return kinds


def _rule(where: str, name: str, said: Mapping[str, Any]) -> LabelRule:
    _require_keys(where, said, _TEXTS, ("parameters",))
    for key in _TEXTS:
        if not isinstance(said[key], str) or not said[key].strip():
            raise InvalidArgumentError(
                f"{where}: {key} must be text, was {said[key]!r}; put it in quotes"
            )
    _require_one_of(where, "family", said["family"], _FAMILIES)
    _require_one_of(where, "known_at", said["known_at"], _MOMENTS)
    numbers, columns = _numbers(where, said.get("parameters", {})), column_kinds()
    if shadowed := sorted(numbers.keys() & columns.keys()):
        raise InvalidArgumentError(
            f"{where}: a parameter must have a name that no column has, was {shadowed[0]!r}; "
            "give it another"
        )
    expression = read_expression(said["when"], columns | dict.fromkeys(numbers, "number"), where)
    if unused := sorted(numbers.keys() - set(expression.names)):
        raise InvalidArgumentError(
            f"{where}: when must use every parameter, does not use {unused[0]!r}; leave it out"
        )
    needs = tuple(column for column in expression.names if column not in numbers)
    if not needs:
        raise InvalidArgumentError(f"{where}: when must name a column, was {said['when']!r}")
    try:
        return LabelRule(
            name=name,
            family=cast("Family", said["family"]),
            known_at=cast("KnownAt", said["known_at"]),
            function=_function(expression, needs),
            needs=needs,
            parameters=numbers,
            source=said["source"],
            text=said["text"],
        )
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{where}: {error}") from error


def _function(expression: Expression, needs: tuple[str, ...]) -> Callable[..., BoolColumn]:
    def judge(*columns: Any, **numbers: float) -> BoolColumn:
        with np.errstate(all="ignore"):  # what has no finite value is not known
            return expression.read(dict(zip(needs, columns, strict=True)) | numbers)

    return judge


def _require_keys(
    where: str, found: Mapping[str, Any], required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    missing = [key for key in required if key not in found]
    unknown = [key for key in found if key not in (*required, *optional)]
    if missing or unknown:
        raise InvalidArgumentError(
            f"{where}: must have {', '.join(required)} and may have {', '.join(optional)}; "
            f"missing {missing}, unknown {unknown}"
        )


def _require_one_of(where: str, key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidArgumentError(f"{where}: {key} must be one of {known}, was {value!r}")


def _tables(where: str, found: object) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(found, dict) and all(isinstance(value, dict) for value in found.values()):
        return list(found.items())
    raise InvalidArgumentError(f"{where}: must be a table a label, was {found!r}")


def _numbers(where: str, found: object) -> dict[str, float]:
    numbers = {}
    for name, value in found.items() if isinstance(found, dict) else ():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not abs(value) < 1e300 or not name.isidentifier():
            raise InvalidArgumentError(
                f"{where}: a parameter must be a finite number under a plain name, was "
                f"{name!r} = {value!r}"
            )
        numbers[name] = float(value)
    if not isinstance(found, dict):
        raise InvalidArgumentError(f"{where}: parameters must be a table of numbers, was {found!r}")
    return numbers
