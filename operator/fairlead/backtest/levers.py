"""What could be different: one change of a deployment, as a patch to apply and as the candidate that is played.

Most levers are fields of the deployment, so that admission reviews the change like the real one. Others are not: what
routers prefer, what a response cache answers, how often drafted tokens are accepted.
"""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from fairlead.backtest import candidate as candidates
from fairlead.backtest.candidate import Candidate
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.policies import ReplicaBounds

Patch = dict[str, Any]
ON: Final = ("on", "off")
_HEAD: Final = re.compile("eagle[-_]?3", re.IGNORECASE)


class LeverError(ValueError):
    """No such lever exists, or it does not take this value; the message names one that works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One change, or several at once."""

    words: str
    patch: Patch
    """To be merged into the deployment; empty if the lever is elsewhere."""
    policy: Patch = field(default_factory=dict)
    """To be merged into the policy that the deployment names."""
    changes: tuple[Callable[[Candidate], Candidate], ...] = ()
    """Changes outside the deployment's own fields."""
    note: str = ""
    """Where it is set, if not in the deployment, and what is assumed."""

    def applied(self, content: Mapping[str, Any]) -> Patch:
        """Return the deployment with the change; the original is not modified."""
        return _without_tier(_with_method(merged(content, self.patch)), self.patch)

    def candidate(self, one: Candidate) -> Candidate:
        """Return the candidate made of the changed deployment, with the other changes."""
        for change in self.changes:
            one = change(one)
        notes = (self.note, *one.notes) if self.note else one.notes
        return replace(one, name=f"{one.name}, {self.words}", what_if=self.words, notes=notes)


def read(written: str) -> Lever:
    """Parse `prefixCaching=off`, or several separated by commas."""
    found = [_one(part) for part in written.split(",")]
    _refuse_twice(written)
    patch: Patch = {}
    policy: Patch = {}
    for one in found:
        patch, policy = merged(patch, one.patch), merged(policy, one.policy)
    return Lever(
        words=written,
        patch=patch,
        policy=policy,
        changes=tuple(change for one in found for change in one.changes),
        note="; ".join(one.note for one in found if one.note),
    )


def _refuse_twice(written: str) -> None:
    """Refuse two values of one lever: the second would be played under the name of both."""
    names = [part.partition("=")[0] for part in written.split(",")]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LeverError(
            f"--what-if {written}: {twice[0]} is there twice; write it once, or repeat --what-if to compare its values"
        )


def merged(content: Mapping[str, Any], patch: Mapping[str, Any]) -> Patch:
    """Apply a JSON merge patch: objects are merged, all else is replaced, null removes."""
    found = copy.deepcopy(dict(content))
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            below = found.get(name)
            found[name] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            found[name] = value
    return found


def _with_method(content: Patch) -> Patch:
    """Treat a draft as a draft model, or by its name as an EAGLE-3 head, unless a method is set."""
    engine = content.get("spec", {}).get("engine", {})
    speculation = engine.get("speculation", {}) if isinstance(engine, dict) else {}
    if not isinstance(speculation, dict) or "draft" not in speculation:
        return content
    if speculation.get("method", SpeculationMethod.OFF) != SpeculationMethod.OFF:
        return content
    method = SpeculationMethod.EAGLE3 if _is_a_head(speculation["draft"]) else SpeculationMethod.DRAFT_MODEL
    return merged(content, {"spec": {"engine": {"speculation": {"method": method.value}}}})


def _without_tier(content: Patch, patch: Patch) -> Patch:
    """Leave out blocks in main memory where the change turns off the cache above them; admission refuses both."""
    caching = patch.get("spec", {}).get("engine", {}).get("prefixCaching", {})
    if caching.get("enabled") is not False or "hostMemory" in caching:
        return content
    return merged(content, {"spec": {"engine": {"prefixCaching": {"hostMemory": None}}}})


def _is_a_head(draft: object) -> bool:
    """Whether its source is named as those of EAGLE-3 heads are, which no draft model is."""
    source = draft.get("source", "") if isinstance(draft, Mapping) else ""
    return bool(_HEAD.search(str(source)))


def _one(part: str) -> Lever:
    word, equals, value = part.partition("=")
    if word == "lanes":
        raise LeverError("lanes: routers' lanes are not simulated; try maxSequences=64, or maxBatchedTokens=2048")
    if word not in LEVERS or not equals:
        examples = ", ".join(f"{name}={one.example}" for name, one in LEVERS.items())
        raise LeverError(f"--what-if {part}: no such lever; there are {examples}")
    return LEVERS[word].make(word, value)


def _engine(*path: str) -> Callable[[object], Patch]:
    """Patch a field below `spec`."""

    def patch(value: object) -> Patch:
        found: object = value
        for name in reversed(("spec", *path)):
            found = {name: found}
        assert isinstance(found, dict)
        return found

    return patch


@dataclass(frozen=True, slots=True)
class LeverKind:
    """How a lever is parsed."""

    example: str
    make: Callable[[str, str], Lever]


def _switch(*path: str) -> LeverKind:
    def make(word: str, value: str) -> Lever:
        return Lever(words=f"{word}={value}", patch=_engine(*path)(_on(word, value)))

    return LeverKind("off", make)


def _number(example: str, *path: str, least: int = 1) -> LeverKind:
    def make(word: str, value: str) -> Lever:
        if not value.isdecimal() or int(value) < least:
            raise LeverError(f"--what-if {word}={value}: a whole number from {least} on, for instance {word}={example}")
        return Lever(words=f"{word}={value}", patch=_engine(*path)(int(value)))

    return LeverKind(example, make)


def _text(example: str, *path: str) -> LeverKind:
    """Admission checks the value."""

    def make(word: str, value: str) -> Lever:
        if not value:
            raise LeverError(f"--what-if {word}=: give a value, for instance {word}={example}")
        return Lever(words=f"{word}={value}", patch=_engine(*path)(value))

    return LeverKind(example, make)


def _routing(word: str, value: str) -> Lever:
    preferring = _on(word, value)
    return Lever(
        words=f"{word}={value}",
        patch={},
        changes=(lambda one: replace(one, balancing=replace(one.balancing, prefix=preferring)),),
        note=f"{word}={value}: routers {'prefer' if preferring else 'do not prefer'} the replica that holds the prefix",
    )


def _router(word: str, value: str) -> Lever:
    without = not _on(word, value)
    how = "in turn, as a Service without a router sends them" if without else "as the routers choose"
    return Lever(
        words=f"{word}={value}",
        patch={},
        changes=(lambda one: replace(one, in_turn=without),),
        note=f"{word}={value}: requests go to replicas {how}",
    )


def _responses(word: str, value: str) -> Lever:
    share = _share(word, value)
    return Lever(
        words=f"{word}={value}",
        patch={},
        changes=(lambda one: replace(one, answered_elsewhere=share),),
        note=f"{word}={value}: a response cache answers {share:.0%} of requests, drawn by chance; they count in the "
        "costs per token and per request that met the SLO, and in no other figure",
    )


def _accepted(word: str, value: str) -> Lever:
    share = _share(word, value)

    def change(one: Candidate) -> Candidate:
        drafting = one.settings.speculation
        if drafting is None:
            raise LeverError(
                f"--what-if {word}={value}: {one.name} drafts no tokens; add speculation=ngram or draft=hf://ORG/MODEL"
            )
        accepting = replace(drafting, acceptance=(share,) * len(drafting.acceptance))
        measured = tuple(note for note in one.notes if note != candidates.assumed_acceptance(drafting))
        return replace(one, settings=replace(one.settings, speculation=accepting), notes=measured)

    return Lever(
        words=f"{word}={value}",
        patch={},
        changes=(change,),
        note=f"{word}={value}: {share:.0%} of drafted tokens are accepted, as you measured",
    )


def _warm(word: str, value: str) -> Lever:
    kind = _number("1", least=0)
    number = int(kind.make(word, value).words.partition("=")[2])

    def change(one: Candidate) -> Candidate:
        if not isinstance(one.replicas, ReplicaBounds):
            raise LeverError(
                f"--what-if {word}={value}: {one.name} has a fixed number; try replicas={one.replicas + 1}"
            )
        pool = replace(one.policy.warm_pool, ready=number)
        return replace(one, policy=replace(one.policy, warm_pool=pool))

    return Lever(
        words=f"{word}={value}",
        patch={},
        policy=_engine("warmPool", "ready")(number),
        changes=(change,),
        note=f"{word}={value}: in its AutoscalingPolicy, spec.warmPool.ready: {number}",
    )


def _on(word: str, value: str) -> bool:
    if value not in ON:
        raise LeverError(f"--what-if {word}={value}: on or off")
    return value == "on"


def _share(word: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise LeverError(f"--what-if {word}={value}: a share from 0 to below 1, for instance {word}=0.2")
    return share


LEVERS: Final[Mapping[str, LeverKind]] = MappingProxyType(
    {
        "prefixCaching": _switch("engine", "prefixCaching", "enabled"),
        "hostMemory": _text("64Gi", "engine", "prefixCaching", "hostMemory"),
        "cacheAwareRouting": LeverKind("off", _routing),
        "router": LeverKind("off", _router),
        "weights": _text("fp8PerTensor", "engine", "quantization", "weights"),
        "kvCache": _text("fp8", "engine", "quantization", "kvCache"),
        "contextTokens": _number("8192", "engine", "context", "maxTokens"),
        "maxSequences": _number("64", "engine", "batching", "maxSequences"),
        "maxBatchedTokens": _number("2048", "engine", "batching", "maxBatchedTokens"),
        "cudaGraphTokens": _number("1024", "engine", "batching", "cudaGraphTokens"),
        "memoryUtilization": _text("0.92", "engine", "memoryUtilization"),
        "speculation": _text("ngram", "engine", "speculation", "method"),
        "draft": _text("hf://ORG/MODEL", "engine", "speculation", "draft", "source"),
        "acceptance": LeverKind("0.7", _accepted),
        "responseCache": LeverKind("0.2", _responses),
        "gpu": _text("NVIDIA-L40S", "accelerator", "product"),
        "tensorParallel": _number("2", "parallelism", "tensor"),
        "replicas": _number("3", "replicas"),
        "minReplicas": _number("2", "scaling", "minReplicas", least=0),
        "maxReplicas": _number("8", "scaling", "maxReplicas"),
        "warmReplicas": LeverKind("1", _warm),
    }
)
"""By the word that a user writes."""
