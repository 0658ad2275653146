"""How S3 is spoken to: who we are, where it is, and how often to ask again.

Three clients ask: boto3, delta-rs and polars. delta-rs 1.6 knows no profiles,
and each has its own words for patience. So the credentials are resolved once,
by the usual AWS chain, and handed to all three as they are at that moment;
those that expire are fetched anew before they do.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from perfkit.errors import InvalidArgumentError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["S3Access"]

# A store that is busy or restarts answers again within seconds. A PUT that was given up may
# still arrive: whoever asks again compares first, so more patience would only be slower.
RETRIES = 5
_OF_DELTA = ("max_retries", "retry_timeout", "backoff_config")  # polars has other words for them


class S3Access:
    """Clients of one S3 endpoint with the same credentials.

    Parameters
    ----------
    options : dict of str to str
        Storage options as delta-rs names them, upper or lower case; beside
        them ``AWS_PROFILE``. What is not given comes from the AWS chain:
        environment, profile, container, instance. ``max_retries`` holds for
        all three clients.

    Raises
    ------
    InvalidArgumentError
        When ``max_retries`` is no number.
    """

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self._given = {key.lower().removeprefix("aws_"): value for key, value in options.items()}
        retries = str(self._given.get("max_retries", RETRIES))
        if not retries.isdecimal():
            raise InvalidArgumentError(
                f"the storage option max_retries must be a whole number, was {retries!r}"
            )
        self._retries = int(retries)
        self._timeouts = {"timeout": "30s", "connect_timeout": "5s"}

    @property
    def for_delta(self) -> dict[str, str]:
        """Storage options for delta-rs, with the credentials as they are now.

        Raises
        ------
        StoreError
            When no credentials are found, or they can't be fetched.
        """
        patience = {
            "max_retries": str(self._retries),
            "retry_timeout": "60s",
            "backoff_config.init_backoff": "100ms",
            "backoff_config.max_backoff": "5s",
        }
        return self._timeouts | patience | self._who_and_where() | self._kept

    @property
    def for_polars(self) -> dict[str, Any]:
        """Storage options for polars, likewise."""
        kept = {k: v for k, v in self._kept.items() if not k.lower().startswith(_OF_DELTA)}
        patience = {
            "max_retries": self._retries,
            "retry_timeout_ms": 60_000,
            "retry_init_backoff_ms": 100,
            "retry_max_backoff_ms": 5_000,
        }
        return self._timeouts | patience | self._who_and_where() | kept

    @cached_property
    def client(self) -> Any:
        """Client of boto3.

        Raises
        ------
        StoreError
            When boto3 is not installed.
        """
        if not _has_boto3():
            raise StoreError(
                "writing to S3 needs boto3, which is not installed; install perfkit[s3]"
            )
        from botocore.config import Config

        with _as_store_error():
            return self._session.client(
                "s3",
                endpoint_url=self._endpoint,
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 1 + self._retries},
                    connect_timeout=5,
                    read_timeout=30,
                    s3={"addressing_style": "path" if self._endpoint else "auto"},
                    request_checksum_calculation="when_required",
                ),
            )

    def _who_and_where(self) -> dict[str, str]:
        """Without boto3 delta-rs and polars look for themselves: a reader needs no more."""
        if not _has_boto3():
            return self._place
        with _as_store_error():
            return self._place | self._identity

    @cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.Session(
            profile_name=self._given.get("profile"),
            region_name=self._given.get("region") or self._given.get("default_region"),
            aws_access_key_id=self._given.get("access_key_id"),
            aws_secret_access_key=self._given.get("secret_access_key"),
            aws_session_token=self._given.get("session_token"),
        )

    @property
    def _kept(self) -> dict[str, str]:
        """What was given, without the profile, which neither delta-rs nor polars take."""
        return {k: v for k, v in self._options.items() if k.lower() != "aws_profile"}

    @cached_property
    def _endpoint(self) -> str | None:
        given = self._given.get("endpoint_url") or self._given.get("endpoint")
        named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return given or named or (self._profile.get("endpoint_url") if _has_boto3() else None)

    @property
    def _profile(self) -> dict[str, Any]:
        return dict(self._session._session.get_scoped_config())

    @property
    def _place(self) -> dict[str, str]:
        place = {}
        if self._endpoint:
            place["AWS_ENDPOINT_URL"] = self._endpoint
            if self._endpoint.startswith("http://"):
                place["AWS_ALLOW_HTTP"] = "true"
        if _has_boto3() and self._session.region_name:
            place["AWS_REGION"] = self._session.region_name
        return place

    @property
    def _identity(self) -> dict[str, str]:
        is_open = self._given.get("skip_signature", "").lower() in {"true", "1"}
        if is_open or "access_key_id" in self._given:
            return {}
        found = self._session.get_credentials()
        if found is None:
            raise StoreError(
                "no credentials for S3 were found; give AWS_PROFILE, AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or a role of this machine"
            )
        now = found.get_frozen_credentials()  # those that soon expire are fetched anew
        return {
            "AWS_ACCESS_KEY_ID": now.access_key,
            "AWS_SECRET_ACCESS_KEY": now.secret_key,
            # an empty one hides that of the environment, which belongs to other keys
            "AWS_SESSION_TOKEN": now.token or "",
        }


@contextmanager
def _as_store_error() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except BotoCoreError as error:
        raise StoreError(
            f"S3 can't be accessed: {error}; check AWS_PROFILE, the files of AWS and its variables"
        ) from error


def _has_boto3() -> bool:
    return importlib.util.find_spec("boto3") is not None
