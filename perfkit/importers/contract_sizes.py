"""Contract sizes: how many units one contract or lot of a symbol is, where a file does not say."""

from __future__ import annotations

from collections.abc import Mapping

from perfkit.errors import InvalidArgumentError

__all__ = ["ContractSizes", "contract_size_of"]

ContractSizes = float | Mapping[str, float]


def contract_size_of(symbol: str | None, sizes: ContractSizes) -> float:
    """Give the units in one contract of a symbol.

    Parameters
    ----------
    symbol : str or None
        As the source names it.
    sizes : float or mapping of str to float
        One size for all, or one for each symbol.

    Raises
    ------
    InvalidArgumentError
        When the mapping leaves the symbol out.
    """
    if not isinstance(sizes, Mapping):
        return float(sizes)
    if symbol is not None and symbol not in sizes:
        raise InvalidArgumentError(
            f"contract_size must name every symbol, {symbol!r} is missing in {sorted(sizes)}; "
            "a share and a coin have 1.0"
        )
    return 1.0 if symbol is None else float(sizes[symbol])
