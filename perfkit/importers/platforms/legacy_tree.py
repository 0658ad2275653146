"""The old tracker's tree of files: a folder, or what lies below an address in S3."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from perfkit.errors import ImportFormatError
from perfkit.importers.json_rows import load_json, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.importers.json_rows import JsonSource

__all__ = ["HISTORY", "ORDERS", "POSITIONS", "REALIZED", "LegacyTree", "legacy_tree"]

ORDERS = "strategy_orders/recent_orders.json"
POSITIONS = "strategy_positions/current_positions.json"
REALIZED = "strategy_positions/realized_pnl.json"
HISTORY = "strategy_pnl_history"

_S3 = re.compile(r"s3a?:/{1,2}([^/]+)/*(.*?)/*")  # a Path has lost the second slash


class LegacyTree(Protocol):
    """The files that one tracker, paper or live, has written."""

    def load(self, name: str) -> Any:
        """Read a JSON file of the tree; None when there is none."""

    def names(self, folder: str) -> list[str]:
        """List the JSON files of one folder of the tree, sorted."""


def legacy_tree(source: JsonSource) -> LegacyTree | None:
    """Find the tree that a source names; None when it is one file, or objects.

    Raises
    ------
    ImportFormatError
        When it holds no orders, or can't be reached.
    """
    if not isinstance(source, (str, Path)):
        return None
    tree: LegacyTree
    if match := _S3.fullmatch(str(source)):
        tree = _Bucket(*match.groups())
    elif Path(source).is_dir():
        tree = _Folder(Path(source))
    else:
        return None
    if ORDERS not in tree.names("strategy_orders"):
        raise ImportFormatError(
            f"{source}: must hold {ORDERS}; give 'paper' or 'live' itself, because they are two "
            "accounts"
        )
    return tree


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def load(self, name: str) -> Any:
        path = self._root / name
        return load_json(path) if path.is_file() else None

    def names(self, folder: str) -> list[str]:
        return sorted(f"{folder}/{path.name}" for path in (self._root / folder).glob("*.json"))


class _Bucket:
    """A prefix in S3, read by boto3; credentials and endpoint come from the usual AWS chain."""

    def __init__(self, bucket: str, prefix: str) -> None:
        if importlib.util.find_spec("boto3") is None:
            raise ImportFormatError(
                f"s3://{bucket}/{prefix}: reading from S3 needs boto3, which is not installed; "
                "install perfkit[s3]"
            )
        import boto3

        self._client = boto3.client("s3")
        self._bucket, self._prefix = bucket, prefix
        self._listed: dict[str, list[str]] = {}

    def load(self, name: str) -> Any:
        if name not in self.names(name.rpartition("/")[0]):
            return None
        answer = self._ask("get_object", Key=self._key(name))
        try:
            return parse_json(answer["Body"].read())
        except (ValueError, RecursionError) as error:
            raise ImportFormatError(
                f"s3://{self._bucket}/{self._key(name)}: must be JSON: {error}; restore the file"
            ) from error

    def names(self, folder: str) -> list[str]:
        if folder not in self._listed:
            self._listed[folder] = sorted(self._list(folder))
        return self._listed[folder]

    def _list(self, folder: str) -> Iterator[str]:
        prefix = self._key(f"{folder}/")
        token: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", Prefix=prefix, **token)
            for item in page.get("Contents", []):
                name = item["Key"].removeprefix(prefix)
                if name.endswith(".json") and "/" not in name:
                    yield f"{folder}/{name}"
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}".lstrip("/")

    def _ask(self, request: str, **arguments: str) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, request)(Bucket=self._bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise ImportFormatError(
                f"s3://{self._bucket}/{self._prefix}: S3 refused {request}: {error}; check the "
                "bucket, its rights and AWS_ENDPOINT_URL"
            ) from error
