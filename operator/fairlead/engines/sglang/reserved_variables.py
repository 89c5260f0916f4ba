"""Environment variables that users may not set for SGLang 0.5.23: ours, and those that break what we rely on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal

_CACHE: Final = "set spec.storage.cache; Fairlead names the folders below it"
_IMAGE: Final = "remove it; build it into an image of your own and name that in spec.engine.image"
_PROBES: Final = "probes and their time-outs rely on what it changes"
_FLEET: Final = "a replica is one pod, and the engine would wait for other processes"

_ROWS: Final[tuple[tuple[tuple[str, ...], EngineReason, str, str], ...]] = (
    (
        ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
        EngineReason.VARIABLE_OWNED,
        "spec.model.tokenSecret owns it",
        "set spec.model.tokenSecret, which keeps the token out of the pod's text",
    ),
    (
        ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"),
        EngineReason.VARIABLE_OWNED,
        "it follows from where the sources are",
        "remove it; with no hf:// source the engine never asks the hub",
    ),
    (
        (
            *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME"),
            *("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE", "SGLANG_CACHE_DIR"),
        ),
        EngineReason.VARIABLE_OWNED,
        "downloads and compiled kernels belong where they outlive a pod",
        _CACHE,
    ),
    (
        ("SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION", "SGLANG_HEALTH_CHECK_TIMEOUT", "SGLANG_WARMUP_TIMEOUT"),
        EngineReason.VARIABLE_RESERVED,
        _PROBES,
        "remove it",
    ),
    (
        ("SGLANG_FORCE_SHUTDOWN", "SGL_FORCE_SHUTDOWN", "SGLANG_TIMEOUT_KEEP_ALIVE"),
        EngineReason.VARIABLE_RESERVED,
        "running replies would be cut when a replica ends, or connections closed while routers keep them",
        "remove it; replicas drain before they end",
    ),
    (
        ("SGLANG_RUST_SERVER", "SGLANG_GRPC_PORT", "SGLANG_USE_CPU_ENGINE", "SGLANG_USE_MLX"),
        EngineReason.VARIABLE_RESERVED,
        "the operator was never tested with that server's health, shutdown and metrics",
        "remove it",
    ),
    (
        ("SGLANG_USE_MODELSCOPE",),
        EngineReason.VARIABLE_RESERVED,
        "hf:// sources would be read from another hub",
        "remove it; set HF_ENDPOINT for a mirror, or use a pvc:// or oci:// source",
    ),
    (
        ("PROMETHEUS_MULTIPROC_DIR",),
        EngineReason.VARIABLE_RESERVED,
        "SGLang names this folder itself, new at each start; an old one would add up metrics of engines that ended",
        "remove it",
    ),
    (
        ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        EngineReason.VARIABLE_RESERVED,
        "Kubernetes chooses the GPUs of a pod; another list hides them, or shows those of a neighbour",
        "remove it; spec.parallelism says how many GPUs a replica has, spec.accelerator which",
    ),
    (
        ("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PATH"),
        EngineReason.VARIABLE_RESERVED,
        "the engine would load other libraries or code than its image holds",
        _IMAGE,
    ),
    (
        ("MASTER_ADDR", "MASTER_PORT", "RANK", "LOCAL_RANK", "WORLD_SIZE"),
        EngineReason.VARIABLE_RESERVED,
        _FLEET,
        "remove it; spec.parallelism spreads a replica over its GPUs",
    ),
)

VARIABLES: Final[Mapping[str, tuple[EngineReason, str, str]]] = MappingProxyType(
    {name: (reason, because, remedy) for names, reason, because, remedy in _ROWS for name in names}
)


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Every extra variable that is owned or reserved; its value may be a secret and is never shown."""
    named = (*dict(setup.engine.extra_env), *(each.name for each in setup.engine.env_from))
    return tuple(
        SpecRefusal(
            field="spec.engine.env",
            value=name,
            reason=VARIABLES[name][0],
            because=VARIABLES[name][1],
            remedy=VARIABLES[name][2],
        )
        for name in named
        if name in VARIABLES
    )
