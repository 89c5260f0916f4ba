"""LoRA adapters: the keys of TensorRT-LLM, and how each request names one by number and folder.

There is no list of loaded adapters: an adapter is read when a request first names its folder. So routers put name,
number and folder into each request and remove those that a client wrote, which could name any folder of the pod.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.http_api import AdapterRequests
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.desired_state import Adapter, SourceScheme
from fairlead.fleet.findings import SpecRefusal

SLOTS: Final = 8
"""Adapters kept on the GPU at once; the others wait in RAM."""
_MEMBER: Final = "lora_request"


def keys(adapters: Sequence[Adapter]) -> Mapping[str, Any]:
    """`llmapi/lora_helper.py: LoraConfig` takes at most one folder, and reads from it which modules adapters have."""
    if not adapters:
        return {}
    return {
        "lora_config": {
            "lora_dir": [weight_paths.adapter_path(adapters[0])],
            "max_lora_rank": max(one.rank for one in adapters),
            "max_loras": min(len(adapters), SLOTS),
            "max_cpu_loras": len(adapters),
        }
    }


def number(adapter: str) -> int:
    """Return a positive number from the name, the same in every router."""
    return (zlib.crc32(adapter.encode()) & 0x7FFF_FFFF) or 1


def members(base: str, adapter: str | None) -> Mapping[str, bytes]:  # noqa: ARG001 - any model's name is served
    """`serve/openai_protocol.py: lora_request`."""
    if adapter is None:
        return {_MEMBER: b"null"}
    found = {
        "lora_name": adapter,
        "lora_int_id": number(adapter),
        "lora_path": f"{weight_paths.ADAPTERS}/{adapter}",
    }
    return {_MEMBER: json.dumps(found, ensure_ascii=False).encode()}


REQUESTS: Final = AdapterRequests(paths=frozenset({b"/v1/chat/completions", b"/v1/completions"}), members=members)
"""`/v1/responses` has no such member."""


def unmounted(setup: EngineSetup) -> str | None:
    """Return the first adapter not in the pod."""
    mounted = {SourceScheme.OCI, SourceScheme.CLAIM}
    return next((one.source.location for one in setup.engine.adapters if one.source.scheme not in mounted), None)


def number_taken(setup: EngineSetup) -> SpecRefusal | None:
    """TensorRT-LLM's cache tells adapters apart by `lora_int_id` alone; two with one number would be one adapter."""
    taken: dict[int, str] = {}
    for index, adapter in enumerate(setup.engine.adapters):
        other = taken.setdefault(number(adapter.name), adapter.name)
        if other != adapter.name:
            return SpecRefusal(
                field=f"spec.engine.adapters[{index}].name",
                value=adapter.name,
                reason=EngineReason.ADAPTER_NAME_TAKEN,
                because=f"TensorRT-LLM identifies adapters by numbers, and this name gives the same number as {other}",
                remedy="change one letter of the name",
            )
    return None
