"""Each kind's own way of drafting; an emulated one drafts as the engine that it emulates."""

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import EngineKind, SpeculationMethod

LIKE_VLLM = {EngineKind.VLLM, EngineKind.SIMULATED}
LIKE_SGLANG = {EngineKind.SGLANG, EngineKind.SIMULATED_SGLANG}


def test_only_vllm_looks_up_on_the_gpu() -> None:
    ngram = SpeculationMethod.NGRAM
    costs = {kind: engine.draft_cost.lookup(ngram, on_cpu=False) for kind, engine in ENGINES.items()}
    assert {kind for kind, cost in costs.items() if cost == draft_cost.BY_GPU} == LIKE_VLLM
    assert {cost for kind, cost in costs.items() if kind not in LIKE_VLLM} == {draft_cost.BY_HOST}


def test_only_vllms_draft_models_are_launched_layer_by_layer() -> None:
    method = SpeculationMethod.DRAFT_MODEL
    launched = {kind for kind, engine in ENGINES.items() if engine.draft_cost.layer_launch_s(method, on_cpu=False)}
    assert launched == LIKE_VLLM


def test_only_sglang_drafts_three_tokens_whatever_the_number_of_layers() -> None:
    tokens = {
        kind: [engine.draft_cost.tokens_of_own_layers(layers) for layers in (0, 1, 2)]
        for kind, engine in ENGINES.items()
    }
    assert tokens == {kind: [3, 3, 3] if kind in LIKE_SGLANG else [1, 1, 2] for kind in ENGINES}
