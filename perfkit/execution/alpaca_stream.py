"""Alpaca's stream of trade updates: it says when to look, the account says what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from perfkit.errors import BrokerError
from perfkit.execution.alpaca_wire import require_alpaca

if TYPE_CHECKING:
    from types import TracebackType

    from perfkit.execution.alpaca_wire import AlpacaKeys

__all__ = ["StreamLostError", "TradeUpdates"]


class StreamLostError(BrokerError):
    """The stream ended, or says what can't be read; what it would have said can be asked for."""


class TradeUpdates:
    """A connection that listens to ``trade_updates``.

    Parameters
    ----------
    url : str
        Such as ``wss://paper-api.alpaca.markets/stream``.
    keys : AlpacaKeys
        Who listens.
    timeout : float
        Seconds that opening, and each step of it, may take.

    Raises
    ------
    StreamLostError
        When it can't be opened, or is lost.
    BrokerError
        When the keys are refused.

    References
    ----------
    .. [1] Alpaca, *Websocket Streaming*, https://docs.alpaca.markets/docs/websocket-streaming.
    """

    def __init__(self, url: str, keys: AlpacaKeys, *, timeout: float) -> None:
        require_alpaca()
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        self._timeout = timeout
        self._lost = (WebSocketException, OSError, EOFError)
        self._open = ExitStack()
        try:
            opened = connect(url, open_timeout=timeout, close_timeout=1.0)
            self._socket = self._open.enter_context(opened)
        except self._lost as error:
            raise StreamLostError(f"{url}: the stream can't be opened: {error}") from error
        try:
            self._begin(url, keys)
        except BrokerError:
            self.close()
            raise

    def next(self, seconds: float) -> Mapping[str, Any] | None:
        """Next update: its ``event`` and ``order``; None when there is none for so long.

        Raises
        ------
        StreamLostError
            When the connection ended, or an update can't be read.
        """
        try:
            message = self._socket.recv(timeout=seconds)
        except TimeoutError:
            return None
        except self._lost as error:
            raise StreamLostError(f"the stream of trade updates ended: {error}") from error
        try:
            said = json.loads(message)  # frames are binary, and hold JSON
        except ValueError as error:
            raise StreamLostError(f"an update must be JSON, was {message!r}") from error
        if not isinstance(said, Mapping) or not isinstance(said.get("data"), Mapping):
            raise StreamLostError(f"an update must have 'data', was {said!r}")
        return said

    def close(self) -> None:
        """End the connection."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, url: str, keys: AlpacaKeys) -> None:
        self._say("authenticate", {"key_id": keys.key_id, "secret_key": keys.secret})
        answer = self._heard("authorization")
        if answer.get("status") != "authorized":
            raise BrokerError(
                f"{url}: Alpaca must authorize the keys, answered {answer}; "
                "check them, and whether they are of the paper or the live account"
            )
        self._say("listen", {"streams": ["trade_updates"]})
        answer = self._heard("listening")
        if "trade_updates" not in answer.get("streams", ()):
            raise StreamLostError(f"{url}: Alpaca must stream trade_updates, answered {answer}")

    def _say(self, action: str, data: dict[str, Any]) -> None:
        try:
            self._socket.send(json.dumps({"action": action, "data": data}))
        except self._lost as error:
            raise StreamLostError(f"the stream of trade updates ended: {error}") from error

    def _heard(self, stream: str) -> Mapping[str, Any]:
        said = self.next(self._timeout)
        if said is None or said.get("stream") != stream:
            raise StreamLostError(f"the stream must answer with {stream!r}, answered {said!r}")
        answer: Mapping[str, Any] = said["data"]
        return answer
