"""How much of the weights the arguments leave in main memory, and what the engine's container then requests."""

from dataclasses import replace

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import EngineKind, Parallelism
from fairlead.fleet.engine_memory import NOTHING_OFFLOADED, WeightOffload
from tests.engines.on_cpu import on_cpu
from tests.engines.setups import ENGINE, setup_of

GIB = 1 << 30
ALIKE = (EngineKind.VLLM, EngineKind.SGLANG, EngineKind.SIMULATED)


def read(*words: str, kind: EngineKind = EngineKind.VLLM) -> WeightOffload:
    return ENGINES[kind].memory_settings(setup_of(replace(ENGINE, extra_args=words))).offload


def requested(setup: EngineSetup) -> int:
    return ENGINES[setup.engine.kind].launch(setup, LifecycleParameters()).offloaded_bytes


@pytest.mark.parametrize("kind", ALIKE)
def test_gib_of_each_gpu_are_read_in_every_spelling(kind: EngineKind) -> None:
    for words in (("--cpu-offload-gb", "8"), ("--cpu-offload-gb=8",), ("--cpu-offload-gb=4", "--cpu-offload-gb=8")):
        assert read(*words, kind=kind) == WeightOffload(8 * GIB)
    assert read(kind=kind) == NOTHING_OFFLOADED


@pytest.mark.parametrize("written", ["0", "-1", "nan", "inf", "much", ""])
def test_what_is_no_amount_moves_nothing(written: str) -> None:
    assert read(f"--cpu-offload-gb={written}") == NOTHING_OFFLOADED


@pytest.mark.parametrize("written", ["1048577", "1e15", "1e300"])
def test_more_than_a_node_has_is_counted_as_a_million_gib(written: str) -> None:
    assert read(f"--cpu-offload-gb={written}") == WeightOffload(GIB << 20), "times 2**30, 1e300 is infinite"


def test_names_may_choose_the_parameters() -> None:
    assert read("--cpu-offload-gb=0.5", "--cpu-offload-params", "experts") == WeightOffload(GIB // 2, named=True)


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (("--offload-backend=uva", "--offload-group-size=8"), True),
        (("--offload-group-size=0",), True),
        (("--offload-group-size=8",), False),
        (("--offload-backend", "prefetch"), False),
    ],
)
def test_layers_that_vllm_prefetches_take_the_place_of_the_amount(words: tuple[str, ...], *, counts: bool) -> None:
    assert bool(read("--cpu-offload-gb=8", *words).gpu_bytes) is counts


def test_on_a_processor_all_weights_are_in_main_memory_already() -> None:
    setup = on_cpu(replace(ENGINE, extra_args=("--cpu-offload-gb=8",)))
    assert ENGINES[EngineKind.VLLM].memory_settings(setup).offload == NOTHING_OFFLOADED


@pytest.mark.parametrize("kind", ALIKE[:2])
def test_a_container_requests_what_its_gpus_move_as_far_as_there_are_so_many_weights(kind: EngineKind) -> None:
    words = replace(ENGINE, kind=kind, extra_args=("--cpu-offload-gb=8",))
    setup = setup_of(words, parallelism=Parallelism(tensor=2))
    assert requested(setup) == 16 * GIB
    assert requested(replace(setup, offloaded_bytes=13 * GIB)) == 13 * GIB


def test_a_simulated_engine_has_no_weights_to_request_memory_for() -> None:
    words = replace(ENGINE, kind=EngineKind.SIMULATED, extra_args=("--cpu-offload-gb=8",))
    assert requested(setup_of(words)) == 0
