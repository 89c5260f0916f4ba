"""What the schema has of each kind beside its name is what the engine's description says of itself."""

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import ON_CPU, SLEEPING, WITHOUT_GPU, EngineKind


def test_what_the_schema_lets_sleep_can_be_put_to_sleep_and_nothing_else() -> None:
    assert {kind for kind, engine in ENGINES.items() if engine.api.sleep is not None} == SLEEPING


def test_what_the_schema_lets_onto_processors_has_a_build_for_them_and_nothing_else() -> None:
    """An emulated engine has the main memory of its model, and step times of GPUs alone."""
    of_its_own = {kind: engine for kind, engine in ENGINES.items() if not engine.is_fairleads}
    built = {kind for kind, engine in of_its_own.items() if engine.memory(engine.release.version).host is not None}
    assert built == ON_CPU


def test_what_the_schema_lets_run_without_a_gpu_is_ours() -> None:
    assert {kind for kind, engine in ENGINES.items() if engine.is_fairleads} == WITHOUT_GPU


def test_a_kind_is_its_name_whatever_its_traits() -> None:
    assert EngineKind("Simulated") is EngineKind.SIMULATED
    assert f"{EngineKind.SIMULATED}" == EngineKind.SIMULATED.value == "Simulated"
