"""An evaluation's current items, from wherever they are: a ConfigMap by its name, anything else by a pod."""

import hashlib
from dataclasses import dataclass

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.work_pods import WorkEnded, WorkFailed, WorkPods
from fairlead.controller.interfaces import ControllerApiClient
from fairlead.evaluating import handed_lines
from fairlead.evaluating.handed_lines import NotHandedOver
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile, ItemSource
from fairlead.objects import evaluation_pods, names
from fairlead.objects.evaluation_pods import PodSource
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemText:
    """The whole file."""

    version: str
    """If it changed, the file may have."""
    place: str
    """Its name in messages."""
    content: bytes
    beside: str = ""
    """The digest of what is in the same folder."""

    @property
    def digest(self) -> str:
        """The file's digest."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTrouble:
    """Why there is no file now."""

    words: str
    reason: ConditionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsUnchanged:
    """The file is that of the last version."""


class ItemReads:
    """Reads through the API server."""

    def __init__(self, client: ControllerApiClient, work: WorkPods, installation: Installation) -> None:
        self._client = client
        self._work = work
        self._installation = installation

    async def read(
        self, document: Manifest, source: ItemSource, last_version: str = "", *, beside: bool = False
    ) -> ItemText | ItemsUnchanged | ItemTrouble:
        """Return the file, or why it is not there yet; `beside`: with a digest of what is in the same folder.

        `last_version` is the version that was read before: what a pod printed is not fetched and unpacked again.
        """
        if isinstance(source, ConfigMapKey):
            return await self._from_config_map(document["metadata"]["namespace"], source)
        owner = evaluation_pods.of_evaluation(document)
        wanted = evaluation_pods.reader(owner, source, self._installation, beside=beside)
        state = await self._work.progress(owner, wanted, last_version)
        if isinstance(state, WorkEnded):
            return ItemsUnchanged() if state.live["metadata"]["uid"] == last_version else _text(state, source)
        if isinstance(state, WorkFailed):
            return ItemTrouble(words=f"spec.items: {state.words}", reason=ConditionReason.ITEMS_NOT_READ)
        why = f": {state.why}" if state.why else ""
        return ItemTrouble(words=f"pod {state.pod} reads the items{why}", reason=ConditionReason.READING_ITEMS)

    async def tidy(self, document: Manifest, source: ItemSource) -> None:
        """Remove the pod that read items elsewhere, if the evaluation named another place before."""
        if not isinstance(source, ConfigMapKey):
            return
        owner = evaluation_pods.of_evaluation(document)
        live = await self._client.read(kinds.POD, owner.namespace, names.items(owner.evaluation))
        if live is not None and evaluation_pods.belongs(live, owner):
            await self._work.remove(live)

    async def _from_config_map(self, namespace: str, source: ConfigMapKey) -> ItemText | ItemTrouble:
        try:
            live = await self._client.read(kinds.CONFIG_MAP, namespace, source.name)
        except RequestRefused as no:
            return ItemTrouble(words=str(no), reason=ConditionReason.NOT_FOUND)
        if live is None:
            words = f"spec.items.configMap.name: there is no ConfigMap {source.name} in namespace {namespace}"
            words = f"{words}; create it, or name one of this namespace"
            return ItemTrouble(words=words, reason=ConditionReason.NOT_FOUND)
        text = (live.get("data") or {}).get(source.key)
        if not isinstance(text, str):
            words = f"spec.items.configMap.key: ConfigMap {source.name} has no key {source.key}"
            return ItemTrouble(words=f"{words}; add it, or name one that it has", reason=ConditionReason.KEY_MISSING)
        place = f"ConfigMap {source.name}, key {source.key}"
        return ItemText(
            version=live["metadata"]["resourceVersion"],
            place=place,
            content=text.encode(),
            beside=fingerprint(live.get("data"), 64),
        )


def _text(ended: WorkEnded, source: PodSource) -> ItemText | ItemTrouble:
    try:
        content = handed_lines.read(ended.lines)
    except NotHandedOver as problem:
        return ItemTrouble(words=f"spec.items: {problem}", reason=ConditionReason.ITEMS_NOT_READ)
    return ItemText(
        version=ended.live["metadata"]["uid"],
        place=_place(source),
        content=content,
        beside=handed_lines.beside(ended.lines),
    )


def _place(source: PodSource) -> str:
    match source:
        case ClaimFile():
            return f"volume claim {source.claim}, file {source.path}"
        case ImageFile():
            return f"image {source.reference}, file {source.path}"
        case HubFile():
            return f"{source.repository}, file {source.path}"
