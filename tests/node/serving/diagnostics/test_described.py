"""Ten faults at once, each found from `kubectl describe` alone: the reason of `Ready`, its entry, and its remedy.

The reader has no other hint. An entry's command is typed where it names only the namespace and the deployment.
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from house.tree import ROOT
from house.troubleshooting_page import PAGE
from tests.node.operator_stage import Deployed, engine
from tests.node.serving.claims import Record
from tests.node.stories import Manifest, Stage
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

NAMED_WITHIN_S: Final = 90.0
MENDED_WITHIN_S: Final = 150.0
MODEL: Final = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": "chat"}
_CONDITION: Final = re.compile(r"^ +Reason: +(\w+)\n +Status: +(\w+)\n +Type: +(\w+)$", re.MULTILINE)
_ENTRY: Final = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_COMMAND: Final = re.compile(r"^```sh\n(kubectl .*)\n```$", re.MULTILINE)


def secret(name: str, **values: str) -> Manifest:
    """In the test's namespace."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveFault:
    """What is wrong, which words of the entry lead there, and what its remedy comes to."""

    name: str
    spec: dict[str, Any]
    reason: str
    cause: str
    remedy: str
    mended: dict[str, Any] = field(default_factory=dict)
    """Fields with other values."""
    objects: tuple[Manifest, ...] = ()
    """What is created."""


def emulated(fault: str) -> dict[str, Any]:
    """The engine behaves as if it were so, until the order is gone."""
    return {"engine": engine(FAIRLEAD_ENGINE_FAULT=fault)}


def token(name: str) -> dict[str, Any]:
    """A model that is read with this Secret."""
    return {"model": MODEL | {"tokenSecret": {"name": name, "key": "token"}}}


WELL: Final[dict[str, Any]] = {"engine": engine()}
FAULTS: Final = (
    LiveFault(
        name="no-image",
        spec={"engine": engine() | {"image": "localhost/fairlead:missing"}},
        reason="ImageNotPulled",
        cause="image does not exist",
        remedy="spec.engine.image",
        mended=WELL,
    ),
    LiveFault(
        name="crashing",
        spec=emulated("crash-at-start"),
        reason="CrashLoop",
        cause="ends with an error",
        remedy="If the previous spec served, go back to it",
        mended=WELL,
    ),
    LiveFault(
        name="too-large",
        spec=emulated("out-of-memory"),
        reason="OutOfGpuMemory",
        cause="too little GPU memory",
        remedy="context.maxTokens",
        mended={"engine": engine(context=4096)},
    ),
    LiveFault(
        name="gated",
        spec=emulated("gated"),
        reason="AccessDenied",
        cause="gated or private",
        remedy="spec.model.tokenSecret",
        mended=WELL | token("licensed"),
        objects=(secret("licensed", token="t"),),
    ),
    LiveFault(
        name="no-model",
        spec=emulated("no-model"),
        reason="ModelNotFound",
        cause="no such model",
        remedy="Correct the source and the revision",
        mended=WELL,
    ),
    LiveFault(
        name="absent",
        spec={"accelerator": {"product": "NVIDIA-H100-80GB-HBM3"}},
        reason="ProductAbsent",
        cause="No node has the GPU",
        remedy="Name a GPU that the cluster has",
        mended={"accelerator": {"product": "NVIDIA-L4"}},
    ),
    LiveFault(
        name="wide",
        spec={"parallelism": {"tensor": 8}},
        reason="NodesTooSmall",
        cause="more GPUs",
        remedy="Lower that field",
        mended={"parallelism": {"tensor": 1}},
    ),
    LiveFault(
        name="elsewhere",
        spec={"placement": {"nodeSelector": {"rack": "nine"}}},
        reason="NoNodeSelected",
        cause="spec.placement.nodeSelector",
        remedy="Correct the selector",
        mended={"placement": None},
    ),
    LiveFault(
        name="no-secret",
        spec=token("absent-token"),
        reason="NotFound",
        cause="does not exist in the namespace",
        remedy="Create it",
        objects=(secret("absent-token", token="t"),),
    ),
    LiveFault(
        name="no-key",
        spec=token("other-key"),
        reason="KeyMissing",
        cause="does not have the key",
        remedy="Add the key",
        objects=(secret("other-key", token="t"),),
    ),
)


def test_ten_faults_are_diagnosed_from_kubectl_describe_and_fixed_by_their_entries(
    stage: Stage, record_property: Record
) -> None:
    """seeing.4"""
    stage.apply(secret("other-key", other="t"))
    small: dict[str, Any] = {"replicas": 1, "router": {"replicas": 1}, "rollout": {}}
    fleet = {one: Deployed(stage, one.name, **small, **one.spec) for one in FAULTS}
    entries = dict(_ENTRY.findall((ROOT / PAGE).read_text(encoding="utf-8")))
    for fault in fleet:
        reason = _eventually_not_ready(stage, fault)
        entry = entries[reason]
        assert fault.cause in _part(entry, "Cause"), (fault.name, entry)
        assert fault.remedy in _part(entry, "Remedy"), (fault.name, entry)
        _type_command(stage, fault, entry)

    for fault, deployed in fleet.items():
        if fault.objects:
            stage.apply(*fault.objects)
        if fault.mended:
            deployed.apply(**fault.mended)
    for fault, deployed in fleet.items():
        eventually(_settled(deployed), f"{fault.name} serves once it is mended", MENDED_WITHIN_S)
    record_property("understood", len(fleet))
    record_property("mended", len(fleet))


def _eventually_not_ready(stage: Stage, fault: LiveFault) -> str:
    """The reason that kubectl shows, once it is the one of this fault."""
    seen: set[str] = set()

    def reason() -> str:
        text = stage.kubectl("describe", "infd", fault.name)
        found = {kind: why for why, status, kind in _CONDITION.findall(text) if status == "False"}
        seen.add(found.get("Ready", ""))
        return found["Ready"] if found.get("Ready") == fault.reason else ""

    try:
        return eventually(reason, f"describe says {fault.reason}", NAMED_WITHIN_S)
    except AssertionError as problem:
        raise AssertionError(f"{fault.name}: {fault.reason} was not among {sorted(seen)}") from problem


def _type_command(stage: Stage, fault: LiveFault, entry: str) -> None:
    found = _COMMAND.search(entry)
    if found is None or re.search(r"\b(POD|NAME|TOKEN)\b", found[1]) or "create" in found[1]:
        return
    words = shlex.split(found[1].replace("-n demo", "").replace("chat", fault.name))
    assert stage.kubectl(*words[1:]), found[1]


def _part(entry: str, title: str) -> str:
    return next(one for one in entry.split("\n\n") if one.startswith(f"**{title}.**"))


def _settled(deployed: Deployed) -> Callable[[], bool]:
    return lambda: deployed.observe().settled
