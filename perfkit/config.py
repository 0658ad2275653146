"""Settings: where the history of this desk is, read once and at the edge.

``perfkit.toml`` says what is the same for everyone at the desk, variables of
the environment what is different on this machine; a variable goes before the
file. Secrets are in neither: credentials come from the usual AWS chain.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings"]

_FILE = "perfkit.toml"
_SECRET = re.compile("key|secret|token|password|credential", re.IGNORECASE)
_PATHS = ("history", "journal")  # relative to the file that names them


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a desk sets; all of it may be absent.

    Each has a line in ``perfkit.toml`` under its own name, and a variable of
    the environment: ``s3_endpoint`` is ``PERFKIT_S3_ENDPOINT``. The file is
    the one that ``PERFKIT_CONFIG`` names, or ``perfkit.toml`` in the current
    folder::

        history = "s3://desk/perf"
        account = "main"
        calendar = "XNYS"
        s3_profile = "trading"
        s3_endpoint = "https://minio.desk.example:9000"

    Attributes
    ----------
    history : str, optional
        The history that a command opens when it is given none: a folder, or
        ``s3://bucket/prefix``.
    account, strategy : str, optional
        Owner of rows that name none, when they are recorded.
    journal : str, optional
        File of that history's journal, on this machine.
    calendar : str, optional
        Exchange calendar of the desk, as exchange_calendars names it, or ``24/7``: the
        commands that record describe trades by its sessions.
    s3_endpoint, s3_region : str, optional
        Where S3 is spoken to, when it is not AWS or not the profile's region.
    s3_profile : str, optional
        Profile of AWS whose credentials are used.
    """

    history: str | None = None
    account: str | None = None
    strategy: str | None = None
    journal: str | None = None
    calendar: str | None = None
    s3_endpoint: str | None = None
    s3_region: str | None = None
    s3_profile: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment and the file.

        Parameters
        ----------
        environment : mapping of str to str
            Variables; an empty one counts as absent.

        Raises
        ------
        InvalidArgumentError
            When the file that ``PERFKIT_CONFIG`` names is absent, is no TOML,
            has a key that is not known, or a value that is no text.

        Examples
        --------
        >>> Settings.read({"PERFKIT_HISTORY": "s3://desk/perf"}).history
        's3://desk/perf'
        """
        named = environment.get("PERFKIT_CONFIG")
        file = Path(named or _FILE).expanduser()
        found = _from_file(file, cls.names()) if named or file.is_file() else {}
        for name in cls.names():
            if value := environment.get(f"PERFKIT_{name.upper()}"):
                found[name] = value
        return cls(**found)

    @classmethod
    def names(cls) -> list[str]:
        """List all settings."""
        return [field.name for field in fields(cls)]

    @property
    def storage_options(self) -> dict[str, str]:
        """What a `TradeStore` in S3 is opened with."""
        given = {
            "AWS_ENDPOINT_URL": self.s3_endpoint,
            "AWS_REGION": self.s3_region,
            "AWS_PROFILE": self.s3_profile,
        }
        return {name: value for name, value in given.items() if value}

    def journal_of(self, uri: str | Path) -> str | None:
        """Give the journal's file for a history; only the one of these settings has it.

        Parameters
        ----------
        uri : str or pathlib.Path
            Of the history that is opened.
        """
        is_own = self.history is not None and _address(uri) == _address(self.history)
        return self.journal if is_own else None


def _from_file(file: Path, names: list[str]) -> dict[str, str]:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(
            f"the settings {file} can't be read: {error}; check PERFKIT_CONFIG and the file"
        ) from error
    known = f"known are {', '.join(names)}"
    for name, value in found.items():
        if name not in names and _SECRET.search(name):
            raise InvalidArgumentError(
                f"the settings {file} must hold no secrets, have {name!r}; leave credentials to "
                "the AWS chain (a profile, the environment, a role) and name it with s3_profile"
            )
        if name not in names:
            raise InvalidArgumentError(f"the settings {file} have an unknown {name!r}; {known}")
        if not isinstance(value, str) or not value:
            raise InvalidArgumentError(
                f"the setting {name} in {file} must be text that is not empty, was {value!r}"
            )
        if name in _PATHS and "://" not in value:
            found[name] = str(file.parent / Path(value).expanduser())
    return found


def _address(uri: str | Path) -> str:
    text = str(uri)
    if "://" in text:
        return text.replace("s3a://", "s3://").rstrip("/")
    return str(Path(text).expanduser().absolute())
