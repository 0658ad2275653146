"""A history in S3, or in a store that speaks S3 and keeps its promises.

A Delta commit in S3 is a conditional put: of two writers of one version the
second is told so. A store that ignores the condition loses acknowledged
rows without an error, so it is asked first and refused.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from perfkit.errors import InvalidArgumentError, StoreError

__all__ = ["S3Location"]

_PROBE = "_perfkit_probe"


class S3Location:
    """A prefix in a bucket; the journal stays on this machine.

    Parameters
    ----------
    uri : str
        ``s3://bucket/prefix``.
    options : dict of str to str
        Storage options as delta-rs names them (``AWS_ENDPOINT_URL``,
        ``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, ...). What is not given comes
        from the usual AWS chain.
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
        self.options = options
        self.journal = journal or _state_folder() / _digest(self.uri) / "journal.sqlite"
        self.journal_home = self.uri

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
        """Read an object."""
        answer = self._ask("get_object", Key=self._key(path))
        return bytes(answer["Body"].read())

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
        client = self._client
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(client, request)(Bucket=self.bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise StoreError(
                f"{self.uri}: S3 refused {request} of {arguments['Key']!r}: {error}; check the "
                "bucket, its rights and the endpoint"
            ) from error

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}".lstrip("/")

    @cached_property
    def _client(self) -> Any:
        if importlib.util.find_spec("boto3") is None:
            raise StoreError(
                f"{self.uri}: writing to S3 needs boto3, which is not installed; "
                "install perfkit[s3]"
            )
        import boto3
        from botocore.config import Config

        given = {k.lower().removeprefix("aws_"): v for k, v in self.options.items()}
        endpoint = given.get("endpoint_url") or given.get("endpoint")
        return boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=given.get("region") or given.get("default_region"),
            aws_access_key_id=given.get("access_key_id"),
            aws_secret_access_key=given.get("secret_access_key"),
            aws_session_token=given.get("session_token"),
            config=Config(
                retries={"mode": "standard", "max_attempts": 5},
                s3={"addressing_style": "path" if endpoint else "auto"},
                request_checksum_calculation="when_required",
            ),
        )


def _status(error: Any) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def _state_folder() -> Path:
    # https://specifications.freedesktop.org/basedir-spec
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "perfkit"


def _digest(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:16]
