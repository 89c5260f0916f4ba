"""Which Secrets, and which of their entries, the routers of a gateway lack: they start without them."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairlead.cluster.api_errors import ApiError
from fairlead.controller.interfaces import ReferenceLookup
from fairlead.controller.reference_cache import TRUSTED
from fairlead.fleet import findings
from fairlead.fleet.gateways import DesiredGateway
from fairlead.review import references
from fairlead.review.context import ObjectKey

log = logging.getLogger("fairlead.controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingSecrets:
    """What routers lack."""

    findings: tuple[str, ...] = ()
    """A sentence on each."""
    keyless: frozenset[str] = frozenset()
    """Other APIs, by their names as targets, that refuse each request until their key is there."""


async def missing(lookup: ReferenceLookup, gateway: DesiredGateway) -> MissingSecrets:
    """Return what there is to report of a gateway's Secrets."""
    secrets, entries = (*references.secrets_of_gateway(gateway),), (*references.entries_of_gateway(gateway),)
    needed = references.needed(entries)
    keys = list(dict.fromkeys(one.key for one in secrets))
    found = await asyncio.gather(*(_present(lookup, key, needed) for key in keys))
    present = {key: held for one in found for key, held in one.items()}
    lacking = (*references.absent(secrets, present), *references.incomplete(entries, present))
    return MissingSecrets(
        findings=tuple(findings.shown([one.sentence for one in lacking])),
        keyless=frozenset(_keyless(gateway, present)),
    )


def _keyless(gateway: DesiredGateway, present: Mapping[ObjectKey, frozenset[str]]) -> Iterator[str]:
    for one in gateway.routes.externals:
        if one.key is not None:
            held = present.get(ObjectKey("Secret", gateway.reference.namespace, one.key.name), frozenset())
            if one.key.key not in held:
                yield one.name


async def _present(
    lookup: ReferenceLookup, key: ObjectKey, needed: Mapping[ObjectKey, frozenset[str]]
) -> Mapping[ObjectKey, frozenset[str]]:
    """Take one that the API server fails to read for whole: routers need no Secret to start, nor has a status to."""
    try:
        return await lookup.present([key], needed)
    except ApiError as problem:
        log.warning(
            "%s %s/%s: assuming that it has all keys, since the API server did not answer: %s",
            *(key.kind, key.namespace, key.name, problem),
        )
        return {key: TRUSTED}
