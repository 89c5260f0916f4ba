"""Answers of an adapter's versions that the spec lists no more: they would stay until the whole Adapter is deleted."""

from collections.abc import Sequence

from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import answer_store
from fairlead.controller.interfaces import ControllerApiClient
from fairlead.fleet.adapters import SEPARATOR
from fairlead.objects.answer_journals import AnswerPlace


def of(before: Manifest, figures: Manifest) -> tuple[str, ...]:
    """Return, as in names of engines, the versions of the last status that the present one has no more."""
    names = [
        [str(one["name"]).rpartition(SEPARATOR)[2] for one in status.get("versions") or ()]
        for status in (before, figures)
    ]
    return tuple(one for one in names[0] if one not in names[1])


async def forget_answers(client: ControllerApiClient, adapter: Manifest, versions: Sequence[str]) -> None:
    """Delete their answers to evaluations, the first ConfigMap last: by that one the others are found again."""
    for version in versions:
        place = AnswerPlace(deployment=adapter["metadata"]["name"], revision=version, holder=adapter, source="")
        for live in reversed(await _kept(client, place)):
            await client.remove(live, uid=live["metadata"]["uid"])


async def _kept(client: ControllerApiClient, place: AnswerPlace) -> list[Manifest]:
    found: list[Manifest] = []
    async for _, live in answer_store.config_maps(client, place):
        if not place.owns(live):
            break
        found.append(live)
    return found
