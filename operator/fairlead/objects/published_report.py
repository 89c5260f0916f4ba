"""The report of a back-test as an object of the cluster: a ConfigMap that the console finds by its label."""

import base64
import binascii
import gzip
import zlib
from dataclasses import dataclass
from typing import Any, Final

from fairlead.api.kinds import GROUP
from fairlead.objects.manifest import Manifest

LABEL: Final = f"{GROUP}/report"
BACK_TEST: Final = "back-test"
SELECTOR: Final = f"{LABEL}={BACK_TEST}"
VERDICT: Final = f"{GROUP}/verdict"
"""An annotation: the sentence that the report begins with."""
PLAYED_AT: Final = f"{GROUP}/played-at"
"""An annotation: when the back-test ran, in UTC."""
KEY: Final = "report.html.gz"

LARGEST: Final = 700_000
"""Bytes, packed: the API server accepts a little more than a million, and they travel as base64."""
MAX_TEXT: Final = 16 * 2**20
"""Bytes, unpacked: anything larger was not written by `fairlead simulate`."""
_GZIP: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReport:
    """Its entry in a list."""

    namespace: str
    name: str
    verdict: str
    played_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTooLarge:
    """It does not fit into an object."""

    size: int
    """Bytes, packed."""


def manifest(report: PublishedReport, html: str) -> dict[str, Any] | ReportTooLarge:
    """Build the ConfigMap; the same report has the same bytes."""
    packed = gzip.compress(html.encode(), mtime=0)
    if len(packed) > LARGEST:
        return ReportTooLarge(size=len(packed))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": report.name,
            "namespace": report.namespace,
            "labels": {LABEL: BACK_TEST},
            "annotations": {VERDICT: report.verdict, PLAYED_AT: report.played_at},
        },
        "binaryData": {KEY: base64.b64encode(packed).decode()},
    }


def heading(document: Manifest) -> PublishedReport:
    """Return its entry in a list; anyone with the right to write ConfigMaps may have written anything."""
    about = document["metadata"]
    notes = about.get("annotations") or {}
    return PublishedReport(
        namespace=str(about["namespace"]),
        name=str(about["name"]),
        verdict=str(notes.get(VERDICT, ""))[:500],
        played_at=str(notes.get(PLAYED_AT, ""))[:40],
    )


def is_report(document: Manifest) -> bool:
    """Whether it is one, and not another ConfigMap."""
    return bool((document["metadata"].get("labels") or {}).get(LABEL) == BACK_TEST)


def html(document: Manifest) -> str | None:
    """Return the page; None if the object holds none that can be read."""
    try:
        packed = base64.b64decode((document.get("binaryData") or {}).get(KEY, ""), validate=True)
        unpacking = zlib.decompressobj(_GZIP)
        page = unpacking.decompress(packed, MAX_TEXT)
        return page.decode() if unpacking.eof else None
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return None
