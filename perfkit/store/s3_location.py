"""A history in S3, or in a store that speaks S3 and keeps its promises.

A Delta commit in S3 is a conditional put: of two writers of one version the
second is told so. A store that ignores the condition loses acknowledged
rows without an error, so it is asked first and refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.store.s3_access import S3Access

__all__ = ["S3Location"]

_PROBE = "_perfkit_probe"
_BODIES = 4  # times that an answer which breaks off is asked for again


class S3Location:
    """A prefix in a bucket; the journal stays on this machine.

    Parameters
    ----------
    uri : str
        ``s3://bucket/prefix``.
    options : dict of str to str
        Storage options as delta-rs names them (``AWS_ENDPOINT_URL``,
        ``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, ...), and ``AWS_PROFILE``. What
        is not given comes from the usual AWS chain.
    journal : pathlib.Path, optional
        The journal's file. By default below ``$XDG_STATE_HOME/perfkit``.

    Raises
    ------
    InvalidArgumentError
        When the uri names no bucket.
    """

    def __init__(self, uri: str, options: dict[str, str], journal: Path | None = None) -> None:
        match = re.fullmatch(r"s3a?://([^/]+)/*(.*?)/*", uri)
        if match is None:
            raise InvalidArgumentError(
                f"an S3 uri must be s3://bucket/prefix, was {uri!r}; name the bucket"
            )
        self.bucket, self.prefix = match.groups()
        self.uri = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        self._access = S3Access(options)
        self.journal = journal or _state_folder() / _digest(self.uri) / "journal.sqlite"
        self.journal_home = self.uri
        self.is_atomic = True  # an object that was accepted is whole and durable

    @property
    def options(self) -> dict[str, str]:
        """Storage options for delta-rs, with credentials that are good now."""
        return self._access.for_delta

    @property
    def read_options(self) -> dict[str, Any]:
        """Storage options for polars, with credentials that are good now."""
        return self._access.for_polars

    def prepare(self) -> None:
        """Ask the store to honour a conditional put.

        The same small object is put twice on condition that it is absent;
        the second put, or the first if an earlier writer was here, must be
        answered with 412.

        Raises
        ------
        StoreError
            When the store accepts it, or can't be reached.
        """
        if not (self._is_refused() or self._is_refused()):
            raise StoreError(
                f"{self.uri}: the store must answer a second conditional put with 412 and "
                "accepted it; writing there would lose acknowledged trades, use a store that "
                "honours If-None-Match"
            )

    def put(self, path: str, data: bytes) -> None:
        """Write an object."""
        self._ask("put_object", Key=self._key(path), Body=data)

    def get(self, path: str) -> bytes:
        """Read an object; FileNotFoundError when it is not there.

        An answer that breaks off is asked for again: boto3 does so only
        before the first byte.
        """
        from botocore.exceptions import BotoCoreError

        for attempt in range(_BODIES):
            answer = self._ask("get_object", Key=self._key(path))
            try:
                return bytes(answer["Body"].read())
            except BotoCoreError as error:
                reason = error
                time.sleep(0.1 * 2**attempt)
        raise StoreError(
            f"{self.uri}: the answer of S3 to get_object of {self._key(path)!r} broke off "
            f"{_BODIES} times: {reason}; check the network"
        ) from reason

    def files(self, folder: str) -> list[str]:
        """List the paths of all objects below a folder, in the order of their names."""
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            answer = self._ask("list_objects_v2", Prefix=f"{self._key(folder)}/", **more)
            found += [item["Key"] for item in answer.get("Contents", [])]
            if not answer["IsTruncated"]:
                return sorted(key.removeprefix(self._key("")) for key in found)
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def move(self, path: str, to: str) -> None:
        """Give an object a path that is free."""
        source = {"Bucket": self.bucket, "Key": self._key(path)}
        self._ask("copy_object", Key=self._key(to), CopySource=source)
        self._ask("delete_object", Key=self._key(path))

    def sync_log(self, table: str) -> None:
        """Do nothing: an object that was accepted is durable."""

    def _is_refused(self) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._ask("put_object", Key=self._key(_PROBE), Body=b"", IfNoneMatch="*")
        except StoreError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and _status(cause) == 412:
                return True
            raise
        return False

    def _ask(self, request: str, **arguments: Any) -> Any:
        client = self._access.client
        from botocore.exceptions import BotoCoreError, ClientError

        name = arguments.get("Key") or arguments.get("Prefix")
        try:
            return getattr(client, request)(Bucket=self.bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and _code(error) == "NoSuchKey":
                raise FileNotFoundError(f"{self.uri}: there is no object {name!r}") from error
            raise StoreError(
                f"{self.uri}: S3 refused {request} of {name!r}: {error}; check the "
                "bucket, its rights and the endpoint"
            ) from error

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}".lstrip("/")


def _status(error: Any) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])


def _state_folder() -> Path:
    # https://specifications.freedesktop.org/basedir-spec
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "perfkit"


def _digest(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:16]
