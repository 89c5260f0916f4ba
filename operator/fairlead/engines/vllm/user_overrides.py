"""What users pass to the engine beyond the typed fields: extra arguments and environment variables."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import flags, reserved_variables
from fairlead.engines.vllm.cpu import overrides
from fairlead.fleet.findings import SpecRefusal

_CACHE: Final = "set spec.storage.cache; Fairlead chooses the folders in it"
_TOKEN: Final = "set spec.model.tokenSecret, which keeps the token out of the pod's text"

VARIABLES: Final[Mapping[str, tuple[EngineReason, str, str]]] = MappingProxyType(
    {
        "HF_TOKEN": (EngineReason.VARIABLE_OWNED, "spec.model.tokenSecret owns it", _TOKEN),
        "HUGGING_FACE_HUB_TOKEN": (EngineReason.VARIABLE_OWNED, "spec.model.tokenSecret owns it", _TOKEN),
        "HF_HUB_OFFLINE": (
            EngineReason.VARIABLE_OWNED,
            "Fairlead sets it by the schemes of the sources",
            "remove it; without an hf:// source the engine never contacts the hub",
        ),
        "HF_HOME": (EngineReason.VARIABLE_OWNED, "downloads must outlive the pod", _CACHE),
        "VLLM_CACHE_ROOT": (EngineReason.VARIABLE_OWNED, "compiled graphs must outlive the pod", _CACHE),
        "VLLM_NO_USAGE_STATS": (EngineReason.VARIABLE_OWNED, "usage is never reported", "remove it"),
        "VLLM_ENGINE_READY_TIMEOUT_S": (
            EngineReason.VARIABLE_OWNED,
            "it follows from the start-up budget",
            "remove it",
        ),
        "VLLM_API_KEY": (
            EngineReason.VARIABLE_RESERVED,
            "the router has no key to send",
            "remove it and name tenants and their keys in spec.router.tenants",
        ),
        "VLLM_PORT": (EngineReason.VARIABLE_RESERVED, "probes and routers use port 8000", "remove it"),
        "VLLM_HOST_IP": (EngineReason.VARIABLE_RESERVED, "a replica is one pod and knows its address", "remove it"),
        "VLLM_KEEP_ALIVE_ON_ENGINE_DEATH": (
            EngineReason.VARIABLE_RESERVED,
            "a dead engine would keep its pod and its last metrics",
            "remove it; a dead engine's pod is replaced",
        ),
        "VLLM_USE_RUST_FRONTEND": (
            EngineReason.VARIABLE_RESERVED,
            "the operator was never tested with that server's shutdown and metrics",
            "remove it",
        ),
        **{
            name: (EngineReason.VARIABLE_RESERVED, because, remedy)
            for names, because, remedy in reserved_variables.RESERVED
            for name in names
        },
    }
)


def arguments(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Refuse every extra argument that is owned, removed, reserved or unreadable."""
    on_cpu = overrides.FLAG_RULES if setup.on_cpu else ()
    return extra_args.refusals(setup.engine.extra_args, (*flags.RULES, *flags.yielding(setup.engine), *on_cpu))


def variables(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Refuse every extra variable that is owned or reserved; its value may be a secret and is never shown."""
    owned = {**VARIABLES, **overrides.OWNED} if setup.on_cpu else VARIABLES
    return tuple(
        SpecRefusal(field="spec.engine.env", value=name, reason=reason, because=because, remedy=remedy)
        for name in (*dict(setup.engine.extra_env), *(each.name for each in setup.engine.env_from))
        for reason, because, remedy in ([owned[name]] if name in owned else [])
    )
