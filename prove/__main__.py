"""`python -m prove`: list the claims, prove one, record the result, or check that the page shows it."""

import argparse
import difflib
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from house.tree import ROOT
from prove import ledger, page
from prove.claims import Claim, Figure
from prove.ledger import DOCS, Record
from prove.registry import CLAIMS


def main(argv: Sequence[str] | None = None, claims: Sequence[Claim] = CLAIMS, docs: Path = DOCS) -> int:
    """Return 0 if the request succeeds, 1 if not, 2 for an unknown item."""
    options = _parser().parse_args(argv)
    if options.drift:
        return _check_drift(claims, docs)
    if options.page:
        _write_page(claims, docs)
        return 0
    if options.item is None and not options.all:
        print("\n".join(listing(claims, ledger.read(docs))))
        return 0
    chosen = [claim for claim in claims if options.all or claim.item == options.item]
    if not chosen:
        print(unknown(options.item, claims), file=sys.stderr)
        return 2
    return max([_prove(claim, claims, docs if options.record else None) for claim in chosen])


def listing(claims: Sequence[Claim], records: Mapping[str, Record]) -> Iterator[str]:
    """Yield every claim in one line, with its last recorded figure below."""
    width = max((len(claim.item) for claim in claims), default=0)
    for claim in claims:
        record = records.get(claim.item)
        found = f"{'holds' if record.holds else 'FAILS'}: {record.figure}" if record else "not recorded yet"
        yield f"{claim.item:<{width}}  {claim.title}"
        yield f"{'':<{width}}    {found}{f' ({record.date})' if record else ''}"


def unknown(item: str, claims: Sequence[Claim]) -> str:
    """The error for an unknown item: the nearest item, and all of them."""
    items = [claim.item for claim in claims]
    near = difflib.get_close_matches(item, items, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"prove: there is no claim {item!r}{hint}\nclaims: {', '.join(items)}"


def tried(claim: Claim) -> Figure:
    """Run a proof; an exception means that the claim is not shown, and its message is the figure."""
    try:
        figure = claim.prove()
    except Exception as problem:  # noqa: BLE001  any error of a proof becomes a figure, not a traceback
        figure = Figure(holds=False, text=f"{type(problem).__name__}: {problem}")
    return Figure(holds=figure.holds, text=" ".join(figure.text.split()))


def drift(written: str | None, claims: Sequence[Claim], records: Mapping[str, Record]) -> str | None:
    """What is wrong with the page on disk, if anything."""
    names = {claim.item for claim in claims}
    if orphans := sorted(set(records) - names):
        return f"docs/evidence.json records {', '.join(orphans)}, which is no claim: remove or rename the record"
    if written != page.render(claims, records):
        return (
            "docs/evidence.md is not what the claims and docs/evidence.json render to: "
            "run `python -m prove --page` and commit the page"
        )
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prove", description="The project's claims and proofs.")
    parser.add_argument("item", nargs="?", help="the claim to prove, as in house.4; without it, list them all")
    parser.add_argument("--all", action="store_true", help="prove every claim, one after the other (long)")
    parser.add_argument("--record", action="store_true", help="keep the figure and write the page anew")
    parser.add_argument("--drift", action="store_true", help="fail when the page is not what it should be")
    parser.add_argument("--page", action="store_true", help="write docs/evidence.md anew from what is kept")
    return parser


def _prove(claim: Claim, claims: Sequence[Claim], keep_in: Path | None) -> int:
    """Prove one claim; its verdict is the last line on stdout, after the proof's own output."""
    print(f"{claim.item}: {claim.title}{' (takes minutes)' if claim.slow else ''}", file=sys.stderr)
    started, commit = time.monotonic(), ledger.commit(ROOT)
    figure = tried(claim)
    if keep_in is not None:
        _keep(_record(claim, figure, round(time.monotonic() - started, 1), commit), keep_in)
        _write_page(claims, keep_in)
    print(f"{claim.item} {'holds' if figure.holds else 'FAILS'}: {figure.text}")
    return 0 if figure.holds else 1


def _record(claim: Claim, figure: Figure, seconds: float, commit: str) -> Record:
    return Record(
        item=claim.item,
        holds=figure.holds,
        figure=figure.text,
        machine=ledger.machine(),
        date=datetime.now(UTC).date().isoformat(),
        command=f"make prove ITEM={claim.item}",
        seconds=seconds,
        commit=commit,
    )


def _keep(found: Record, docs: Path) -> None:
    ledger.write((ledger.read(docs) | {found.item: found}).values(), docs)


def _check_drift(claims: Sequence[Claim], docs: Path) -> int:
    path = docs / page.NAME
    written = path.read_text(encoding="utf-8") if path.exists() else None
    wrong = drift(written, claims, ledger.read(docs))
    print(wrong or f"evidence: the page tells what was found, {len(claims)} claims")
    return 1 if wrong else 0


def _write_page(claims: Sequence[Claim], docs: Path) -> None:
    records = ledger.read(docs)
    (docs / page.NAME).write_text(page.render(claims, records), encoding="utf-8")
    print(f"wrote {page.NAME} from {len(records)} recorded figures", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what a proof started ends with it
    sys.exit(main())
