"""LoRA adapters: the ranks that vLLM 0.32 supports, how it names adapters, and those loaded while it runs."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from fairlead.engines import extra_args, weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm.release import RELEASE, hot_loading_is_safe
from fairlead.fleet.desired_state import DesiredEngine, SourceScheme
from fairlead.fleet.engine_launch import EnvVar, StagedAdapters
from fairlead.fleet.findings import SpecRefusal

RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
SLOTS: Final = 8
"""Adapters kept on the GPU at once; each slot costs memory for the highest rank, the others wait in RAM."""
UPDATING: Final = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
TARGETS: Final = "--lora-target-modules"
EXPERTS: Final = "experts"
"""The one module of all experts; its parts in an adapter are `experts.0.gate_proj` and so on."""
_PACKED: Final = (
    ("qkv_proj", "q_proj", "k_proj", "v_proj"),
    ("qkv_proj", "query", "key", "value"),
    ("gate_up_proj", "gate_proj", "up_proj"),
    ("in_proj_qkvz", "in_proj_qkv", "in_proj_z"),
    ("in_proj_ba", "in_proj_b", "in_proj_a"),
    ("fused_qkv_a_proj", "q_a_proj", "kv_a_proj_with_mqa"),
)
"""Modules of the engine that hold several matrices of a checkpoint (`packed_modules_mapping` of its models)."""


def slots(engine: DesiredEngine) -> tuple[str, ...]:
    """Write the adapter slot flags."""
    ranks = slot_ranks(engine)
    if not ranks:
        return ()
    kept = engine.lora.cpu_slots if engine.lora is not None else 0
    return (
        "--enable-lora",
        *("--max-loras", str(len(ranks))),
        *("--max-cpu-loras", str(max(kept, len(engine.adapters)))),
        *("--max-lora-rank", str(ranks[0])),
    )


def modules(engine: DesiredEngine) -> tuple[str, ...]:
    """Return the flag for adapters that are loaded at the start."""
    named = (
        f"{adapter.name}={weight_paths.path_to_open(adapter.source, weight_paths.adapter_path(adapter))}"
        for adapter in engine.adapters
    )
    return ("--lora-modules", *named) if engine.adapters else ()


def slot_ranks(engine: DesiredEngine) -> tuple[int, ...]:
    """Return the rank of each slot: the highest for all, rounded up to one that vLLM supports and then reserves."""
    number = min(len(engine.adapters), SLOTS) if engine.lora is None else engine.lora.slots
    return (next((rank for rank in RANKS if rank >= _highest_rank(engine)), RANKS[-1]),) * number


def _highest_rank(engine: DesiredEngine) -> int:
    listed = max((adapter.rank for adapter in engine.adapters), default=0)
    return listed if engine.lora is None else max(listed, engine.lora.max_rank)


def updating(engine: DesiredEngine) -> tuple[EnvVar, ...]:
    """Open the load and unload endpoints; routers do not expose them."""
    return (EnvVar(name=UPDATING, value="1"),) if engine.lora is not None else ()


def staged(engine: DesiredEngine, port: int) -> StagedAdapters | None:
    """Return where runtime adapters are staged."""
    if engine.lora is None:
        return None
    return StagedAdapters(
        folder=weight_paths.STAGED,
        max_rank=_highest_rank(engine),
        port=port,
        claim=engine.lora.claim,
        modules=adapted_modules(engine),
    )


def adapted_modules(engine: DesiredEngine) -> tuple[str, ...] | None:
    """Return the matrices to which extra arguments restrict adapters, of any layer; None: they do not."""
    words = _targets(engine)
    return None if words is None else modules_with(words)


def modules_with(words: Sequence[str]) -> tuple[str, ...]:
    """Return all matrices that are adapted with these.

    `lora/utils.py: is_in_target_modules`: a module that packs several is adapted as a whole if one of them is named.
    `activate_adapter` passes over an adapter's other matrices, with a line at level debug.
    """
    named = {EXPERTS if EXPERTS in word.split(".") else word.rpartition(".")[2] for word in words}
    return tuple(sorted(named.union(*(family for family in _PACKED if named.intersection(family)))))


def _targets(engine: DesiredEngine) -> list[str] | None:
    """Return the values of the flag, which the parser completes; the last one counts."""
    words = engine.extra_args
    last = max((index for index, word in enumerate(words) if _is_targets(word)), default=None)
    if last is None:
        return None
    values = takewhile(lambda word: extra_args.flag(word) is None, words[last + 1 :])
    return [*filter(None, [words[last].partition("=")[2]]), *values]


def _is_targets(word: str) -> bool:
    name = extra_args.flag(word) or ""
    return name.startswith("--lora-t") and TARGETS.startswith(name)


def rank_too_high(setup: EngineSetup) -> SpecRefusal | None:
    """`--max-lora-rank` takes 1 8 16 32 64 128 256 320 512; otherwise it exits with "invalid choice"."""
    for index, adapter in enumerate(setup.engine.adapters):
        if not 1 <= adapter.rank <= RANKS[-1]:
            return SpecRefusal(
                field=f"spec.engine.adapters[{index}].rank",
                value=str(adapter.rank),
                reason=EngineReason.ADAPTER_RANK_TOO_HIGH,
                because=f"vLLM 0.32 takes ranks from 1 to {RANKS[-1]}",
                remedy=f"write the rank the adapter was trained with, at most {RANKS[-1]}",
            )
    return None


def in_a_bucket(setup: EngineSetup) -> SpecRefusal | None:
    """`get_adapter_absolute_path` knows folders and the hub; the start ends with "adapter_config.json" not found."""
    for index, adapter in enumerate(setup.engine.adapters):
        if adapter.source.scheme is SourceScheme.S3:
            return SpecRefusal(
                field=f"spec.engine.adapters[{index}].source",
                value=f"s3://{adapter.source.location}",
                reason=EngineReason.NOT_IN_ENGINE,
                because=f"vLLM {RELEASE} loads adapters from a folder or the hub only",
                remedy="put the adapter on a volume or in an image and name it by pvc:// or oci://",
            )
    return None


def unsafe_updating(setup: EngineSetup) -> SpecRefusal | None:
    """vllm#47724: after a load, 0.22 to 0.24 served a request in flight with another client's adapter; the source of
    0.32 refreshes its slots, and the releases between were not read."""
    if setup.engine.lora is None or hot_loading_is_safe(setup.engine.version):
        return None
    return SpecRefusal(
        field="spec.engine.lora",
        value=setup.engine.version,
        reason=EngineReason.NOT_IN_ENGINE,
        because="before 0.32, vLLM may answer a request in flight with another adapter after one is loaded",
        remedy="use vLLM 0.32 or newer, or remove lora and list adapters in spec.engine.adapters",
    )


def sleeping(setup: EngineSetup) -> SpecRefusal | None:
    """After waking up, the engine has adapters in its slots whose weights it gave back."""
    if setup.engine.lora is None or not setup.engine.sleeps:
        return None
    return SpecRefusal(
        field="spec.engine.lora",
        value=f"{setup.engine.lora.slots} slots, with sleep",
        reason=EngineReason.NOT_IN_ENGINE,
        because="sleep drops the weights of adapters that were loaded while the engine ran",
        remedy="remove spec.engine.sleep, or list adapters in spec.engine.adapters",
    )
