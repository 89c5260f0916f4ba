"""What drafting adds to a step, by method and hardware."""

import pytest

from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.draft_cost import DraftCost

ON_THE_GPU = DraftCost(gpu_lookup=draft_cost.BY_GPU, own_tokens=3, launch_s=draft_cost.LAYER_LAUNCH_S)


def test_an_ngram_lookup_is_on_the_gpu_where_the_engine_has_one_and_on_the_host_elsewhere() -> None:
    ngram = SpeculationMethod.NGRAM
    assert ON_THE_GPU.lookup(ngram, on_cpu=False) == draft_cost.BY_GPU
    assert ON_THE_GPU.lookup(ngram, on_cpu=True) == draft_cost.BY_HOST
    assert {draft_cost.USUAL.lookup(ngram, on_cpu=on_cpu) for on_cpu in (False, True)} == {draft_cost.BY_HOST}
    assert draft_cost.BY_GPU.seconds(100) < draft_cost.BY_HOST.seconds(1) < draft_cost.BY_HOST.seconds(100)


@pytest.mark.parametrize("method", [one for one in SpeculationMethod if one is not SpeculationMethod.NGRAM])
def test_methods_other_than_ngram_do_no_lookup(method: SpeculationMethod) -> None:
    assert ON_THE_GPU.lookup(method, on_cpu=False) is None


def test_a_models_own_layers_draft_one_token_each_unless_the_engine_has_a_number_of_its_own() -> None:
    assert [draft_cost.USUAL.tokens_of_own_layers(layers) for layers in (0, 1, 2)] == [1, 1, 2]
    assert {ON_THE_GPU.tokens_of_own_layers(layers) for layers in (0, 1, 2)} == {3}


def test_only_draft_models_on_gpus_are_launched_layer_by_layer() -> None:
    launched = {
        (method, on_cpu)
        for method in SpeculationMethod
        for on_cpu in (False, True)
        if ON_THE_GPU.layer_launch_s(method, on_cpu=on_cpu)
    }
    assert launched == {(SpeculationMethod.DRAFT_MODEL, False)}
