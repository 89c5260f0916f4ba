"""What drafting costs on the host, by engine, method and card."""

import pytest

from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import EngineKind, SpeculationMethod

LIKE_VLLM = EngineKind.VLLM, EngineKind.SIMULATED
OTHERS = [kind for kind in EngineKind if kind not in LIKE_VLLM]


def test_only_vllm_on_a_gpu_does_the_ngram_lookup_on_the_gpu() -> None:
    ngram = SpeculationMethod.NGRAM
    assert {draft_cost.lookup(kind, ngram, on_cpu=False) for kind in LIKE_VLLM} == {draft_cost.BY_GPU}
    assert draft_cost.lookup(EngineKind.VLLM, ngram, on_cpu=True) == draft_cost.BY_HOST
    assert {draft_cost.lookup(kind, ngram, on_cpu=False) for kind in OTHERS} == {draft_cost.BY_HOST}
    assert draft_cost.BY_GPU.seconds(100) < draft_cost.BY_HOST.seconds(1) < draft_cost.BY_HOST.seconds(100)


@pytest.mark.parametrize("method", [one for one in SpeculationMethod if one is not SpeculationMethod.NGRAM])
def test_methods_other_than_ngram_do_no_lookup(method: SpeculationMethod) -> None:
    assert draft_cost.lookup(EngineKind.VLLM, method, on_cpu=False) is None


def test_a_models_own_layers_draft_one_token_each_and_with_sglang_three_whatever_their_number() -> None:
    like_sglang = (EngineKind.SGLANG, EngineKind.SIMULATED_SGLANG)
    assert {draft_cost.own_tokens(kind, layers) for kind in like_sglang for layers in (0, 1, 2)} == {3}
    for kind in (one for one in EngineKind if one not in like_sglang):
        assert [draft_cost.own_tokens(kind, layers) for layers in (0, 1, 2)] == [1, 1, 2]


def test_only_vllms_draft_models_on_gpus_are_launched_layer_by_layer() -> None:
    launched = {
        (kind, method, on_cpu)
        for kind in EngineKind
        for method in SpeculationMethod
        for on_cpu in (False, True)
        if draft_cost.layer_launch_s(kind, method, on_cpu=on_cpu)
    }
    assert launched == {(kind, SpeculationMethod.DRAFT_MODEL, False) for kind in LIKE_VLLM}
