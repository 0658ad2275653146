"""FIX execution reports, as the log of a session holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import ImportFormatError
from perfkit.importers.brokers.fix_messages import fix_messages
from perfkit.importers.brokers.fix_reports import ExecutionReports
from perfkit.importers.drafts import read_drafts
from perfkit.importers.owners import Owner
from perfkit.importers.source_bytes import load_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["read_fix"]


def read_fix(
    source: str | Path | bytes,
    *,
    account: str | None = None,
    strategy: str | None = None,
    strategy_tag: int | None = None,
) -> ImportResult:
    r"""Read the execution reports in a log of FIX 4.0 to 5.0.

    Executions become fills, busted ones (``20=1``, ``150=H``) busts and corrected
    ones (``20=2``, ``150=G``) corrections. Any other message is skipped with its
    kind: acknowledgements, states of orders, reports without a quantity. Of a
    spread that is told as a whole and by its legs (tag 442) the legs count.

    Parameters
    ----------
    source : path or bytes
        The log (also ``.gz``); fields end with SOH or with ``|``, and words before
        a message are passed over.
    account, strategy : str, optional
        Whose trades they are where tag 1 and ``strategy_tag`` do not say.
    strategy_tag : int, optional
        Tag whose value is the strategy: one of the user's own, or 58 (Text).

    Returns
    -------
    ImportResult
        Its rows are counted from 1: messages, as they stand in the log. One that
        was sent again (``43=Y``, ``97=Y``) is skipped as the same fill. A message
        whose checksum is wrong is refused where it was logged with SOH. Fees in
        another currency than the commission are cash of their own.

    Raises
    ------
    ImportFormatError
        When the log can't be read, or holds no FIX message.
    InvalidArgumentError
        When a trade needs an account or a strategy that was not given.

    References
    ----------
    .. [1] FIX Trading Community, ExecutionReport (35=8), FIX 4.2 and 4.4.

    Examples
    --------
    >>> log = b"in: 8=FIX.4.4|35=8|49=BROKER|56=US|17=E1|150=F|39=2|55=AAPL|54=5|32=100|31=185.5|"
    >>> log += b"60=20240102-14:30:00.125|10=000|"
    >>> fills = read_fix(log, account="A1", strategy="trend").fills
    >>> fills.select(["trade_id", "side", "volume", "price"]).to_pylist()
    [{'trade_id': 'E1-20240102-BROKER-US', 'side': 'sell', 'volume': 100.0, 'price': 185.5}]
    """
    name, data = load_bytes(source)
    messages = list(fix_messages(data.decode("latin-1")))
    if not messages:
        raise ImportFormatError(
            f"{name}: must hold FIX messages that begin with 8=FIX, had none; "
            "give the log of the session with SOH or | between the fields"
        )
    reports = ExecutionReports(messages, Owner(account, strategy, "FIX"), strategy_tag)
    return read_drafts(name, enumerate(messages, 1), reports.draft, {"source": "fix"})
