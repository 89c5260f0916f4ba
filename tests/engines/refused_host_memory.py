"""Setups that ask for KV blocks in main memory where vLLM 0.32 would end its start, or keep nothing there."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.desired_state import DesiredEngine, Parallelism, Storage
from tests.engines.refused import no
from tests.engines.refused_values import EXTRA, Rows
from tests.engines.setups import ENGINE, RELEASED, setup_of

GIB: Final = 1 << 30
FIELD: Final = "spec.engine.prefixCaching.hostMemory"
CONNECTOR: Final = ("--kv-transfer-config", '{"kv_connector":"NixlConnector","kv_role":"kv_both"}')


def keeping(gib: float, engine: DesiredEngine = ENGINE, **spread: int) -> EngineSetup:
    """A setup that keeps so much in main memory, over these GPUs."""
    return setup_of(replace(engine, host_memory_bytes=int(gib * GIB)), parallelism=Parallelism(**spread))


def with_shared_memory(setup: EngineSetup, gib: int) -> EngineSetup:
    """The same with a size of /dev/shm in the spec."""
    return replace(setup, revision=replace(setup.revision, storage=Storage(shared_memory_bytes=gib * GIB)))


HOST_MEMORY: Final[Rows] = {
    "main memory for blocks that no request looks up": (
        keeping(64, replace(ENGINE, prefix_caching=False)),
        no(
            FIELD,
            "64 GiB",
            Why.ARGUMENT_CONFLICTS,
            "with spec.engine.prefixCaching.enabled: false no block is kept for another request",
            "remove it, or write enabled: true",
        ),
    ),
    "main memory for hardly a prompt": (
        keeping(3, tensor=4),
        no(
            FIELD,
            "3 GiB",
            Why.OUT_OF_RANGE,
            "4 GPUs share it, and less than 1 GiB for each holds hardly a prompt",
            "write 4Gi or more, or remove it",
        ),
    ),
    "main memory for hardly a prompt of one GPU": (
        keeping(0.5),
        no(
            FIELD,
            "0.5 GiB",
            Why.OUT_OF_RANGE,
            "1 GPU shares it, and less than 1 GiB for each holds hardly a prompt",
            "write 1Gi or more, or remove it",
        ),
    ),
    "main memory beside another connector": (
        keeping(64, replace(ENGINE, extra_args=CONNECTOR)),
        no(
            EXTRA,
            "--kv-transfer-config",
            Why.ARGUMENT_CONFLICTS,
            f"{FIELD} makes vLLM use its own KV connector instead of the one named here",
            f"remove it, or remove {FIELD} and name a MultiConnector of both here",
        ),
    ),
    "main memory that its flag gives too": (
        keeping(64, replace(ENGINE, extra_args=("--kv_offloading-size=32",))),
        no(
            f"{EXTRA}[0]",
            "--kv-offloading-size",
            Why.ARGUMENT_OWNED,
            f"{FIELD} owns this flag",
            f"set {FIELD} instead",
        ),
    ),
    "main memory that is larger than /dev/shm": (
        with_shared_memory(keeping(64, RELEASED, tensor=2), 16),
        no(
            "spec.storage.sharedMemory",
            "16 GiB",
            Why.ARGUMENT_CONFLICTS,
            f"64 GiB of KV cache in main memory ({FIELD}) are a file in /dev/shm, and the engine ends if it does not "
            "fit there",
            "remove it, so that /dev/shm grows with the cache, or write 66Gi or more",
        ),
    ),
    "an offloading flag that is larger than /dev/shm": (
        with_shared_memory(setup_of(replace(RELEASED, extra_args=("--kv-offloading-size=8",))), 0),
        no(
            "spec.storage.sharedMemory",
            "0 GiB",
            Why.ARGUMENT_CONFLICTS,
            "8 GiB of KV cache in main memory (--kv-offloading-size) are a file in /dev/shm, and the engine ends if it "
            "does not fit there",
            "remove it, so that /dev/shm grows with the cache, or write 9Gi or more",
        ),
    ),
}
