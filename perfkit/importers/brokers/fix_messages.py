r"""FIX messages in a log: where each begins and ends, and what its fields are.

A log puts its own words before a message, and writes the separator, the control
character SOH, as it is or as ``|``. The checksum is the sum of the bytes before it,
so it tells of a damaged message only where the bytes are those that were sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FixMessage", "fix_messages"]

_BEGIN = re.compile(r"(?<![0-9A-Za-z])8=FIXT?\.\d\.\d(?P<separator>[\x01|])")
_SOH = "\x01"


@dataclass(frozen=True, slots=True, eq=False)
class FixMessage:
    """One message; told apart by where it stands, not by its fields.

    Attributes
    ----------
    fields : sequence of (int, str)
        Tag and value, in their order: a group repeats its tags.
    damage : str or None
        What is wrong with the message as a whole.
    """

    fields: Sequence[tuple[int, str]]
    damage: str | None = None

    def get(self, tag: int) -> str | None:
        """Give the first value of a tag that is not empty."""
        return next((value for key, value in self.fields if key == tag and value), None)

    def number(self, tag: int, field: str) -> float | None:
        """Read the first value of a tag as a number; None when there is none.

        Raises
        ------
        UnreadableCellError
            When it is no number.
        """
        value = self.get(tag)
        return None if value is None else _figure(tag, value, field)

    def group(self, count: int, tags: Sequence[int]) -> list[FixMessage]:
        """Take a repeating group apart.

        Parameters
        ----------
        count : int
            The tag that says how many entries follow.
        tags : sequence of int
            Tags of an entry, first the one that each entry begins with.

        Raises
        ------
        UnreadableCellError
            When there are more or less entries than were announced.
        """
        entries: list[list[tuple[int, str]]] = []
        started = False
        for tag, value in self.fields:
            if tag == count:
                started = True
            elif started and tag not in tags:
                started = False
            elif started and (tag == tags[0] or not entries):
                entries.append([(tag, value)])
            elif started:
                entries[-1].append((tag, value))
        announced = self.number(count, "row") or 0
        if len(entries) != announced:
            raise UnreadableCellError(
                "row",
                f"must have the {announced:g} entries that tag {count} announces, "
                f"had {len(entries)}; the message was cut",
            )
        return [FixMessage(entry) for entry in entries]


def fix_messages(text: str) -> Iterator[FixMessage]:
    """Find the messages in a log.

    Parameters
    ----------
    text : str
        The log, one character for each byte (Latin-1).
    """
    begins = list(_BEGIN.finditer(text))
    ends = [*(found.start() for found in begins[1:]), len(text)]
    for found, limit in zip(begins, ends, strict=False):
        separator = found["separator"]
        end = re.compile(rf"{re.escape(separator)}10=(\d{{3}})(?=[{re.escape(separator)}\s]|$)")
        trailer = end.search(text, found.start(), limit)
        if trailer is None:
            cut = "must end with its checksum, tag 10; the log was cut"
            yield FixMessage(_fields(text[found.start() : limit], separator), cut)
            continue
        body = text[found.start() : trailer.start() + 1]
        damage = None
        if separator == _SOH and (summed := sum(body.encode("latin-1")) % 256) != int(trailer[1]):
            damage = f"must have the checksum {summed:03}, had {trailer[1]}; the log is damaged"
        yield FixMessage(_fields(body, separator), damage)


def _fields(body: str, separator: str) -> list[tuple[int, str]]:
    fields: list[tuple[int, str]] = []
    for part in body.strip(separator).split(separator):
        tag, equals, value = part.partition("=")
        if equals and tag.isdecimal():
            fields.append((int(tag), value.strip()))
        elif fields:  # a text that holds the separator
            fields[-1] = (fields[-1][0], f"{fields[-1][1]}{separator}{part}")
    return fields


def _figure(tag: int, value: str, field: str) -> float:
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value) is None:
        raise UnreadableCellError(
            field, f"must be a number, was {value!r} in tag {tag}; mend it at its source"
        )
    return float(value)
