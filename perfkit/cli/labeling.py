"""Commands about labels: `perfkit label`, `perfkit labels` and `perfkit relabel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from perfkit.cli.opening import open_store
from perfkit.cli.terminal import count, number, percent, print_table, say, say_json

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.cli.terminal import Format
    from perfkit.history import Selection
    from perfkit.history.judging_history import Writing
    from perfkit.labels import LabelQuality
    from perfkit.store import Receipt

__all__ = ["label", "labels", "relabel"]

SHOWN = 20  # rows listed of each table

Uri = Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")]
Names = list[str] | None
_JUDGE: dict[str, Format] = {"source": str, "version": str, "label": str}
_TABLES: dict[str, tuple[str, dict[str, Format]]] = {
    "coverage": (
        "How many trades each judge labelled",
        _JUDGE | {"judged": count, "holds": count, "share": percent},
    ),
    "overlap": (
        "Labels that one judge gave together",
        _JUDGE | {"other": str, "both": count, "either": count, "jaccard": percent},
    ),
    "stability": (
        "What changed from version to version",
        {"source": str, "version_before": str, "version": str, "label": str}
        | {"n": count, "unchanged": percent, "gained": count, "lost": count},
    ),
    "agreement": (
        "Agreement of two judges",
        {"label": str, "source": str, "version": str, "other_source": str, "other_version": str}
        | {"n": count, "agree": percent, "kappa": number, "interval": str, "reason": str},
    ),
    "accuracy": (
        "Against the audit",
        _JUDGE
        | {"n": count, "accuracy": percent, "interval": str, "precision": percent}
        | {"recall": percent, "reason": str},
    ),
}


def label(
    uri: Uri,
    trade: Annotated[str, typer.Argument(help="trade_id of the trade.")],
    name: Annotated[str, typer.Argument(metavar="LABEL", help="The label.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    is_denied: Annotated[bool, typer.Option("--not", help="The label does not hold.")] = False,
    account: Annotated[
        str | None, typer.Option(help="Whose trade, where several accounts have one of that id.")
    ] = None,
    audit: Annotated[
        str | None, typer.Option(help="Name of the audit that this is a part of.")
    ] = None,
) -> None:
    """Record what a person says of a trade; the trade itself is not touched."""
    from perfkit.history import History
    from perfkit.labels import label_catalog

    given = cast("Writing", {} if account is None else {"account": account})
    receipt = History(open_store(uri)).tag(
        trade, name, by, holds=not is_denied, audit=audit, **given
    )
    word = "does not hold" if is_denied else "holds"
    known = " (known before)" if receipt.duplicate else ""
    say(f"recorded  {name} {word} of {trade}, says {by}{known}")
    if name not in set(label_catalog()["label"]):
        say(f"{name} is no label of the catalogue: `perfkit labels` lists them", "yellow")


def labels(
    uri: Uri,
    quality: Annotated[
        bool, typer.Option("--quality", help="How far each judge's labels can be trusted.")
    ] = False,
    audit: Annotated[
        str | None, typer.Option(help="Audit whose judgements are taken as true.")
    ] = None,
    account: Annotated[Names, typer.Option(help="Only this account; may be repeated.")] = None,
    strategy: Annotated[Names, typer.Option(help="Only this strategy; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """List every label: when it is known, by which numbers, and on how many trades it stands."""
    from perfkit.history import History
    from perfkit.labels import label_catalog

    given = {"account": account, "strategy": strategy}
    select = cast("Selection", {name: value for name, value in given.items() if value})
    found = History(open_store(uri)).label_quality(audit=audit, **select)
    listed = _listed(label_catalog(), found.coverage)
    if as_json:
        say_json({"labels": listed, **found._asdict()})
        return
    formats: dict[str, Format] = dict.fromkeys(("label", "family", "known_at", "numbers"), str)
    print_table(listed, formats | {"trades": count, "share": percent}, title=f"{uri}: labels")
    if quality or audit:
        _tell(found)


def relabel(
    uri: Uri,
    rules: Annotated[
        str | None,
        typer.Option(help="A rule file, or the version of rules/<version>.toml; else perfkit's."),
    ] = None,
    calendar: Annotated[
        str | None, typer.Option(help="Exchange calendar of all symbols, e.g. XNYS or 24/7.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="Under which it is recorded; else that of the rules.")
    ] = None,
    hindsight: Annotated[
        bool, typer.Option("--hindsight", help="Also say of entries what their exits told.")
    ] = False,
) -> None:
    """Judge all trades again by bars and news as they are known now, beside what was said.

    A bar or news that came late counts, each trade as of its own time. No trade is touched.
    """
    from perfkit.history import History
    from perfkit.market import MarketState

    receipt: Receipt = History(open_store(uri)).relabel(
        rules, market=MarketState(calendar=calendar), version=version, hindsight=hindsight
    )
    say(f"recorded  {receipt.accepted:>9,} judgements")
    say(f"known     {len(receipt.duplicates):>9,} before, with the same answer")


def _listed(catalog: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Put beside each label how many trade records have it; those of one's own come last."""
    from perfkit.labels.quality import ANY
    from perfkit.labels.versions import RECORDED

    own = (coverage["version"] == RECORDED) & (coverage["source"] == "rule")
    stamped = coverage[own & (coverage["label"] != ANY)].set_index("label")[["holds", "share"]]
    names = [*catalog["label"], *(n for n in stamped.index if n not in set(catalog["label"]))]
    shown = catalog.set_index("label").reindex(names).join(stamped).reset_index()
    numbers = [
        ", ".join(f"{key} {value:g}" for key, value in given.items())
        if isinstance(given, dict)
        else ""
        for given in shown["parameters"]
    ]
    shown = shown.assign(numbers=numbers, trades=shown["holds"].fillna(0).astype(int))
    shown["share"] = shown["share"].fillna(0.0)
    texts = {name: shown[name].fillna("") for name in ("family", "known_at", "rule", "source")}
    return shown.assign(**texts)[
        ["label", "family", "known_at", "numbers", "trades", "share", "rule", "source"]
    ]


def _tell(found: LabelQuality) -> None:
    for name, frame in found._asdict().items():
        title, formats = _TABLES[name]
        more = f" (the first {SHOWN} of {len(frame):,})" if len(frame) > SHOWN else ""
        print_table(_shown(frame.head(SHOWN)), formats, title=f"{title}{more}")


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Write intervals and missing reasons as text."""
    for name, form in (("kappa", number), ("accuracy", percent)):
        if name in frame:
            bounds = zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
            texts = [f"[{form(low)}, {form(high)}]" for low, high in bounds]
            return frame.assign(interval=texts, reason=frame["reason"].fillna(""))
    return frame
