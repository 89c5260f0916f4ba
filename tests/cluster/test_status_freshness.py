"""Whether a status is current: not while an operator renews its Lease and has not processed the last change."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from fairlead.cluster import status_freshness

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE: Final = {
    "spec": {"holderIdentity": "fairlead-1", "renewTime": NOW.isoformat(), "leaseDurationSeconds": 15},
}
WRITTEN: Final = [
    {"manager": "fairlead-controller", "subresource": "status", "time": "2026-11-20T11:59:20+00:00"},
]
LOGS: Final = "See `kubectl logs -n fairlead-system -l app.kubernetes.io/name=fairlead` if that lasts."


@pytest.mark.parametrize(
    ("generation", "status", "end"),
    [
        (2, {"observedGeneration": 2}, ", so it is current."),
        (None, {"conditions": []}, ", so it is current."),
        (
            *(2, {"observedGeneration": 1}),
            f".\nThe last change is not processed: the status is of generation 1, the object at 2. {LOGS}",
        ),
        (1, {}, f".\nThe last change is not processed: no status was written yet. {LOGS}"),
    ],
)
def test_a_status_is_current_only_if_the_last_change_was_processed(
    generation: int | None, status: dict[str, Any], end: str
) -> None:
    """A deployment whose reconciles all failed was described as current, and so was one without any status."""
    document = {"metadata": {"generation": generation, "managedFields": WRITTEN}, "status": status}
    found = status_freshness.sentence(LEASE, "fairlead-system/fairlead-controller", document, NOW.timestamp())
    assert found == (
        "The status was last changed 40 s ago; fairlead-1 renewed the Lease fairlead-system/fairlead-controller "
        f"0 s ago{end}"
    )
