"""One door of Alpaca's HTTP interface: requests with a time limit, repeated while that can help."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from perfkit.errors import BrokerError

__all__ = ["AlpacaKeys", "AlpacaPatience", "AlpacaRefusal", "AlpacaWire", "require_alpaca"]

# 429 is the limit of 200 requests a minute; the others are the server's own trouble
_PASSING = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlpacaKeys:
    """The two halves of an API key; they are not shown."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"AlpacaKeys(key_id={self.key_id[:4]}...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlpacaPatience:
    """How long to wait, in seconds.

    Attributes
    ----------
    answer : float
        For an answer, and for a connection.
    repeats : tuple of float
        Before each repetition of a request that failed in passing: no answer, too many
        requests (429), or the server's own trouble (500, 502, 503, 504). The limit is
        of requests a minute, so that together they are more than one.
    poll : float
        Between two looks at orders of which nothing was heard, and at executions that
        are not listed yet.
    """

    answer: float = 10.0
    repeats: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    poll: float = 5.0


class AlpacaRefusal(BrokerError):  # noqa: N818
    """Alpaca understood a request and refused it.

    Attributes
    ----------
    status : int
        The HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def require_alpaca() -> None:
    """Check that alpaca-py is there.

    Raises
    ------
    BrokerError
        When it is not installed.
    """
    if importlib.util.find_spec("alpaca") is None:
        raise BrokerError(
            "trading at Alpaca needs alpaca-py, which is not installed; install perfkit[alpaca]"
        )


class AlpacaWire:
    """Requests to one address.

    Parameters
    ----------
    url : str
        Without the version, such as ``https://paper-api.alpaca.markets``.
    keys : AlpacaKeys
        Who asks.
    patience : AlpacaPatience
        How long an answer may take, and how often a request is repeated.

    Notes
    -----
    alpaca-py sends a request without a time limit, and repeats 429 and 504 alone; so
    only its addresses, headers and session are used.
    """

    def __init__(self, url: str, keys: AlpacaKeys, patience: AlpacaPatience) -> None:
        self._url, self._keys, self._patience = url, keys, patience

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        """Ask for something; the decoded answer.

        Raises
        ------
        AlpacaRefusal
            When Alpaca answers that it won't.
        BrokerError
            When it does not answer, or not in JSON.
        """
        return self._ask("GET", path, query)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Hand something over; may arrive twice, so name it. Raises as `get`."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, data: dict[str, Any] | None) -> Any:
        from alpaca.common.exceptions import APIError

        where = f"{self._url}{path}"
        for wait in (*self._patience.repeats, None):
            try:
                return self._client.ask(method, path, data)
            except APIError as error:
                status, trouble = error.status_code or 0, str(error)
                if status not in _PASSING:
                    raise AlpacaRefusal(
                        status, f"{where}: Alpaca refused with {status}: {trouble}"
                    ) from error
                cause: Exception = error
            except (OSError, ValueError) as error:
                # no connection, no answer in time, or one that is no JSON
                cause, trouble = error, str(error)
            if wait is None:
                raise BrokerError(
                    f"{where}: Alpaca must answer in JSON, and did not in "
                    f"{len(self._patience.repeats) + 1} tries: {trouble}; try again later"
                ) from cause
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    @cached_property
    def _client(self) -> Any:
        require_alpaca()
        from alpaca.common.rest import RESTClient

        timeout = self._patience.answer

        class Client(RESTClient):
            def ask(self, method: str, path: str, data: dict[str, Any] | None) -> Any:
                options = {
                    "headers": self._get_default_headers(),
                    "allow_redirects": False,
                    "timeout": timeout,
                    "params" if method == "GET" else "json": data,
                }
                url = f"{self._base_url}/{self._api_version}{path}"
                # 0 repetitions: ours are above
                return self._one_request(method, url, options, 0)

        return Client(
            self._url, api_key=self._keys.key_id, secret_key=self._keys.secret, raw_data=True
        )
