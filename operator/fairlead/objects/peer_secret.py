"""The Secret with the keys by which routers of one deployment or gateway authenticate each other's datagrams.

It has the same owner as their ConfigMap. A replaced key is kept as the previous one, so that reports of routers that
have not read the new one yet are still accepted.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects import labels, router_config
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest

CURRENT: Final = "current"
PREVIOUS: Final = "previous"
RENEWED: Final = f"{GROUP}/renewed-at"
"""An annotation: when its current key was made."""
KEPT: Final = timedelta(days=30)
"""How long a key is in use."""
KEY_BYTES: Final = 32


def name(router: str) -> str:
    """Name it after the routers' children."""
    return f"{router}{router_config.PEERS_ENDING}"


def is_wanted(config_map: Manifest) -> bool:
    """Whether this is the configuration of routers that need such a Secret."""
    metadata = config_map["metadata"]
    if (metadata.get("labels") or {}).get(labels.ROLE) != ChildRole.ROUTER or "deletionTimestamp" in metadata:
        return False
    if not metadata.get("ownerReferences"):  # orphaned on purpose, or a user's copy: nothing would remove the Secret
        return False
    return f'"{router_config.PEER_KEYS_FOLDER}"' in ((config_map.get("data") or {}).get(router_config.FILE) or "")


def is_ours(live: Manifest, config_map: Manifest) -> bool:
    """Whether it has the same owner as the configuration."""
    return _owners(live) == _owners(config_map)


def is_leaving(live: Manifest, config_map: Manifest) -> bool:
    """Whether a Secret of another owner goes soon: with the deleted object whose name the owner has now."""
    names_of_owners = {(each.get("kind"), each.get("name")) for each in config_map["metadata"]["ownerReferences"]}
    references = live["metadata"].get("ownerReferences") or ()
    succeeded = any((each.get("kind"), each.get("name")) in names_of_owners for each in references)
    return "deletionTimestamp" in live["metadata"] or succeeded


def manifest(config_map: Manifest, live: Manifest | None, key: bytes, now: datetime) -> Manifest | None:
    """Build the Secret with a new key that replaces an old one; None while the live one is valid."""
    before = None if live is None else ((live.get("data") or {}).get(CURRENT))
    if live is not None and before is not None and _is_key(before) and now - _renewed(live) < KEPT:
        return None
    metadata = config_map["metadata"]
    data = {CURRENT: base64.b64encode(key).decode()} | ({PREVIOUS: before} if before else {})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name(metadata["name"]),
            "namespace": metadata["namespace"],
            "labels": metadata["labels"],
            "ownerReferences": metadata["ownerReferences"],
            "annotations": {RENEWED: now.astimezone(UTC).isoformat(timespec="seconds")},
        },
        "data": data,
    }


def _owners(one: Manifest) -> list[str]:
    return [each["uid"] for each in one["metadata"].get("ownerReferences") or ()]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) >= KEY_BYTES
    except binascii.Error:
        return False


def _renewed(live: Manifest) -> datetime:
    """Return when its key was made; long ago if the Secret does not record it."""
    try:
        found = datetime.fromisoformat((live["metadata"].get("annotations") or {}).get(RENEWED, ""))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
