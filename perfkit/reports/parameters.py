"""Parameters of a notebook: declared and typed by its ``parameters`` cell.

Papermill pastes whatever it is given into the notebook as text: an unknown
name only warns, and a date or a tuple silently becomes a string. Here a name
must be declared, and a value must fit its declaration or be refused.
"""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from papermill.inspection import inspect_notebook

from perfkit.errors import InvalidArgumentError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Value", "typed_parameters"]

Value: TypeAlias = str | int | float | bool | list[str]


def typed_parameters(notebook: Path, given: Mapping[str, object]) -> dict[str, Value]:
    """Fit values to what the notebook declares.

    The cell tagged ``parameters`` declares one name a line, with its type and
    default: ``strategy: str = ""``. Types are str, int, float, bool and
    list[str].

    Parameters
    ----------
    notebook : Path
        The notebook as written, not run.
    given : mapping of str to object
        Values by name. A str takes text, paths and, as ISO 8601, dates and
        times; an int whole numbers; a float numbers; a bool truth values; a
        list[str] a list or tuple of text. numpy's scalars count as Python's.

    Returns
    -------
    dict of str to value
        Plain Python values, only those that were given.

    Raises
    ------
    UnknownNameError
        When the notebook declares no such parameter.
    InvalidArgumentError
        When a value does not fit, or a declared type is none of the above.
    """
    declared = {
        name: str(spec["inferred_type_name"]) for name, spec in inspect_notebook(notebook).items()
    }
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise UnknownNameError(
            f"{notebook.name} has no parameter {unknown[0]!r}; "
            f"it declares {', '.join(sorted(declared)) or 'none'}"
        )
    return {name: _fit(notebook, name, declared[name], value) for name, value in given.items()}


def _fit(notebook: Path, name: str, kind: str, value: object) -> Value:
    if kind not in _KINDS:
        raise InvalidArgumentError(
            f"parameter {name!r} of {notebook.name} must be declared as one of "
            f"{', '.join(_KINDS)}, was {kind!r}; write {name}: str = ..."
        )
    fitted = _KINDS[kind](value)
    if fitted is None:
        raise InvalidArgumentError(
            f"parameter {name!r} of {notebook.name} must be a {kind}, "
            f"was {value!r} ({type(value).__name__})"
        )
    return fitted


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    return value.isoformat() if isinstance(value, date) and not pd.isna(value) else None


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        return None
    return int(value)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (float, np.floating)) else _whole(value)


def _truth(value: object) -> bool | None:
    return bool(value) if isinstance(value, (bool, np.bool_)) else None


def _texts(value: object) -> list[str] | None:
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return list(value)
    return None


_KINDS: dict[str, Callable[[object], Value | None]] = {
    "str": _text,
    "int": _whole,
    "float": _number,
    "bool": _truth,
    "list[str]": _texts,
}
