"""The state when a violation was found, line by line: a rare one may not recur when its story is run again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from campaign.observer.facts import Facts

Manifest = dict[str, Any]
OURS: Final = "fairlead.dev/"
HASH: Final = "pod-template-hash"


def lines(facts: Facts) -> Iterator[str]:
    """Conditions, Deployments and pods, as the campaign's own watches saw them."""
    yield f"at {datetime.now(UTC):%H:%M:%SZ}, generation {facts.document['metadata']['generation']}"
    for one in facts.conditions.values():
        yield f"{one['type']}={one['status']} {one['reason']} since {one['lastTransitionTime']}: {one['message']}"
    for one in facts.deployments:
        status = {name: value for name, value in (one.get("status") or {}).items() if name != "conditions"}
        yield f"{_head(one)} asks for {one['spec'].get('replicas', 1)}: {json.dumps(status)}"
    for one in facts.pods:
        yield f"{_head(one)} {json.dumps(_pod(one))}"


def _head(one: Manifest) -> str:
    about = one["metadata"]
    labels = about.get("labels") or {}
    carried = {name.removeprefix(OURS): value for name, value in labels.items() if name.startswith((OURS, HASH))}
    owners = [f"{owner['kind']} {owner['name']}" for owner in about.get("ownerReferences") or ()]
    leaves = f", leaves {about['deletionTimestamp']}" if "deletionTimestamp" in about else ""
    made = f"{about['name']} {about['uid']} of {about['creationTimestamp']}{leaves}"
    return f"{made}, labels {carried or 'none'}, owned by {', '.join(owners) or 'nobody'}"


def _pod(one: Manifest) -> Manifest:
    status = one.get("status") or {}
    entries = {
        each["type"]: f"{each['status']} {each.get('lastTransitionTime')}" for each in status.get("conditions", ())
    }
    containers = [
        {name: each.get(name) for name in ("ready", "started", "restartCount", "state", "lastState")}
        for each in status.get("containerStatuses") or ()
    ]
    return {"node": one["spec"].get("nodeName"), "phase": status.get("phase")} | entries | {"containers": containers}
