"""Why a pod does not start, from what the kubelet says and the engine's last words. Pure.

Messages leave out restart counts, times and process numbers: at rest a message must not change.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.troubles import Trouble

Manifest = dict[str, Any]

IMAGE: Final = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
CONTAINER: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError"}
)


class Meaning(NamedTuple):
    """What an engine's last words mean, and what to do."""

    words: re.Pattern[str]
    reason: ConditionReason
    remedy: str


MEANINGS: Final = (
    Meaning(
        re.compile(r"(?i)gated repo|access to model .* is restricted|\b401\b|\b403\b|invalid user token|unauthorized"),
        ConditionReason.ACCESS_DENIED,
        "accept the licence on the model's page and set spec.model.tokenSecret to a token that may read it",
    ),
    Meaning(
        re.compile(
            r"(?i)repository ?not ?found|revision ?not ?found|entry ?not ?found|not a valid model identifier|404"
        ),
        ConditionReason.MODEL_NOT_FOUND,
        "check spec.model.source and spec.model.revision; branches move, a commit does not",
    ),
    Meaning(
        re.compile(r"(?i)cuda out of memory|no available memory for the cache|kv cache memory|out of memory.*gpu"),
        ConditionReason.OUT_OF_GPU_MEMORY,
        "lower spec.engine.context.maxTokens or spec.engine.batching.maxSequences, quantize, or take more GPUs",
    ),
    Meaning(
        re.compile(
            r"(?i)unrecognized arguments|ambiguous option|error: argument|invalid choice|validation error"
            r"|invalid (tool call|reasoning) parser|requires --tool-call-parser"
        ),
        ConditionReason.BAD_ARGUMENTS,
        "correct spec.engine, above all extraArgs, for this version of the engine",
    ),
)
_NOISE: Final = re.compile(
    r"\d{2,4}-\d{2}(-\d{2})?[ T]\d{2}:\d{2}:\d{2}\S*|\(?pid[= ]\d+\)?|0x[0-9a-f]+", re.IGNORECASE
)
_LONGEST: Final = 300


def trouble(pod: Manifest) -> Trouble | None:
    """What is the matter with this pod; nothing while it may simply need time."""
    name = pod["metadata"]["name"]
    for status in _containers(pod):
        found = _image(status) or _container(status) or _ended(status)
        if found is not None:
            reason, message = found
            return Trouble(pod=name, reason=reason, message=message)
    return None


def _containers(pod: Manifest) -> Iterator[Manifest]:
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _image(status: Manifest) -> tuple[ConditionReason, str] | None:
    waiting = status.get("state", {}).get("waiting") or {}
    if waiting.get("reason") not in IMAGE:
        return None
    image = status.get("image", "")
    said = _short(waiting.get("message", "")) or waiting["reason"]
    remedy = "check spec.engine.image and version, and placement.imagePullSecrets for a private registry"
    return ConditionReason.IMAGE_NOT_PULLED, f"image {image} cannot be pulled: {said}; {remedy}"


def _container(status: Manifest) -> tuple[ConditionReason, str] | None:
    waiting = status.get("state", {}).get("waiting") or {}
    if waiting.get("reason") not in CONTAINER:
        return None
    said = _short(waiting.get("message", "")) or waiting["reason"]
    return (
        ConditionReason.CANNOT_START,
        f"the kubelet cannot make the container: {said}; create or correct what it names",
    )


def _ended(status: Manifest) -> tuple[ConditionReason, str] | None:
    """A container that ended although an engine never should; the last end counts while it waits or runs again."""
    if status.get("ready"):
        return None
    ended = (status.get("state", {}).get("terminated")) or (status.get("lastState", {}).get("terminated"))
    if not ended:
        return None
    code, words = ended.get("exitCode"), _last_words(ended.get("message", ""))
    if ended.get("reason") == "OOMKilled":
        remedy = "the node's or the container's memory is too small for loading this model"
        return ConditionReason.OUT_OF_MEMORY, f"the kernel ended the engine for lack of memory; {remedy}"
    for meaning in MEANINGS:
        if meaning.words.search(ended.get("message", "")):
            return meaning.reason, f"the engine ended with code {code}: {words}; {meaning.remedy}"
    remedy = "kubectl logs shows more"
    return ConditionReason.CRASH_LOOP, f"the engine ended with code {code}: {words or 'no last words'}; {remedy}"


def _last_words(message: str) -> str:
    """The last line that says something, which is where a traceback names its error."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return _short(lines[-1]) if lines else ""


def _short(text: str) -> str:
    """One line without what differs from one try to the next."""
    return " ".join(_NOISE.sub("", text).split())[:_LONGEST]
