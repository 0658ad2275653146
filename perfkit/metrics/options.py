"""Options: what a metric can be told, as words that are checked by name.

A metric's options are a `TypedDict` of literals; the first value of each is the
default. Every metric also takes those of `Handling`. A profile is a named set of them.
"""

from __future__ import annotations

import functools
import inspect
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args, get_type_hints

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Handling", "choices", "full_signature", "options_of"]


class Handling(TypedDict, total=False):
    """Options of every metric.

    Attributes
    ----------
    nan : str
        ``drop``: a missing observation is not counted; ``zero``: it counts as 0;
        ``refuse``: it is an error.
    undefined : str
        What becomes of a value that is not finite: ``ieee`` leaves it as the metric
        defines it (a gain without any loss is infinite), ``nan`` makes it NaN, ``inf``
        infinite where there are two observations, ``zero`` 0.
    """

    nan: Literal["drop", "zero", "refuse"]
    undefined: Literal["ieee", "nan", "inf", "zero"]


@functools.cache
def choices(kind: type) -> Mapping[str, tuple[Any, ...]]:
    """Name the values of each option of a `TypedDict` of literals, the default first."""
    return MappingProxyType({name: get_args(hint) for name, hint in get_type_hints(kind).items()})


def options_of(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check options by name and value, and fill in the defaults.

    Parameters
    ----------
    kind : type
        A `TypedDict` of literals.
    given : mapping
        What the caller said.

    Raises
    ------
    InvalidArgumentError
        For an option or a value that there is not, naming those that there are.
    """
    known = choices(kind)
    found = {name: values[0] for name, values in known.items()}
    for name, value in given.items():
        if name not in known:
            raise InvalidArgumentError(
                f"there is no option {name!r}; there are {', '.join((*known, *choices(Handling)))}"
            )
        if value not in known[name]:
            allowed = ", ".join(map(repr, known[name]))
            raise InvalidArgumentError(f"{name} must be one of {allowed}, was {value!r}")
        found[name] = value
    return found


def full_signature(metric: Callable[..., Any]) -> inspect.Signature:
    """Write a metric's ``**how: Unpack[SomeOptions]`` out as keywords, with those of `Handling`."""
    bare = inspect.signature(metric)
    named = [p for p in bare.parameters.values() if p.kind is not p.VAR_KEYWORD]
    kinds = [Handling]
    for parameter in bare.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            word = str(parameter.annotation).removeprefix("Unpack[").removesuffix("]")
            kinds.insert(0, inspect.unwrap(metric).__globals__[word])
    further = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=values[0])
        for kind in kinds
        for name, values in choices(kind).items()
    ]
    return bare.replace(parameters=[*named, *further])
