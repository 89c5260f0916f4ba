"""The secret from which the operator's keys for routers are derived: one Secret, created once by the leader.

To change it, delete it and restart the operator: routers get their new keys within about a minute, also while the spec
of their deployment or gateway is refused; those of a deployment that cannot be read get it once that is corrected. It
has no owner, so it stays after an uninstall: a reinstalled operator then changes nothing of the routers.
"""

import asyncio
import base64
import binascii
import logging
import secrets
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError, Conflict
from fairlead.cluster.api_server import ApiServer
from fairlead.fleet.router_keys import LENGTH, RouterKeys

NAME: Final = "fairlead-routers"
KEY: Final = "key"
AGAIN_S: Final = 1.0
"""The first pause after a failure; it doubles up to `EVERY_S`. A new leader waits for the key for 10 s only."""
EVERY_S: Final = 60.0
NOT_MADE_YET_S: Final = 2.0

log = logging.getLogger("fairlead.routers")


async def keep(api: ApiServer, namespace: str, keys: RouterKeys) -> None:
    """Read the Secret until that succeeds; create it if it does not exist."""
    pause = AGAIN_S
    while keys.secret is None:
        try:
            keys.secret = await read(api, namespace) or await _made(api, namespace)
        except ApiError as problem:
            log.warning(
                "Secret %s/%s: %s; until it can be read, the operator cannot read routers' metrics",
                namespace,
                NAME,
                problem,
            )
        if keys.secret is None:
            await asyncio.sleep(pause)
            pause = min(EVERY_S, pause * 2.0)


async def follow(api: ApiServer, namespace: str, keys: RouterKeys) -> None:
    """Read the Secret until cancelled, for a process that does not create it: the last value read stays in use."""
    while True:
        pause = EVERY_S
        try:
            keys.secret = await read(api, namespace) or keys.secret
            pause = EVERY_S if keys.secret is not None else NOT_MADE_YET_S
        except ApiError as problem:
            log.warning("Secret %s/%s: %s; trying again in %d s", namespace, NAME, problem, EVERY_S)
        await asyncio.sleep(pause)


async def read(api: ApiServer, namespace: str) -> bytes | None:
    """Return the secret; None if there is no Secret, or its key is too short."""
    found = await api.read(kinds.SECRET, namespace, NAME)
    try:
        secret = base64.b64decode(((found or {}).get("data") or {}).get(KEY, ""), validate=True)
    except binascii.Error:
        secret = b""
    if found is not None and len(secret) < LENGTH:
        log.error("Secret %s/%s: key %s has fewer than %d bytes; delete the Secret", namespace, NAME, KEY, LENGTH)
    return secret if len(secret) >= LENGTH else None


async def _made(api: ApiServer, namespace: str) -> bytes | None:
    """Create the Secret; None if one exists already, by another replica or with a useless key."""
    secret = secrets.token_bytes(LENGTH)
    head = {"name": NAME, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "fairlead"}}
    body = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {KEY: base64.b64encode(secret).decode()}}
    try:
        await api.create(body | {"metadata": head})
    except Conflict:
        return None
    log.info("Secret %s/%s: made; routers know the operator by it", namespace, NAME)
    return secret
