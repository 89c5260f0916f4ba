"""What a loader reports of its replica, as JSON; the operator reads it."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from fairlead.documents import json_document
from fairlead.fleet.adapters import AdapterPlace, AdapterReason, AdapterState

LOADER_PAGE: Final = "/adapters"
LONGEST_MESSAGE: Final = 600


def text(places: Iterable[AdapterPlace]) -> str:
    """Format one page."""
    return json.dumps({"adapters": [asdict(one) for one in places]})


def read(page: str) -> tuple[AdapterPlace, ...] | None:
    """Read the places on a page; None if it is none of ours. A reason of a newer loader counts as none."""
    try:
        return tuple(_place(one) for one in json_document.read(page)["adapters"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _place(found: dict[str, object]) -> AdapterPlace:
    reason = str(found.get("reason"))
    return AdapterPlace(
        name=str(found["name"]),
        state=AdapterState(str(found["state"])),
        reason=AdapterReason(reason) if reason in AdapterReason._value2member_map_ else None,
        message=str(found.get("message") or "")[:LONGEST_MESSAGE],
    )
