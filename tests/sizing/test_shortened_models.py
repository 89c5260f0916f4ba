"""A model cut down to a few layers, as people do to try a cluster, is sized by what is left of it."""

import json
from typing import Any, Final

from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.fit import Fit
from fairlead.fleet.shapes import MatrixGroup, WindowedLayers
from fairlead.sizing import assessment, checkpoint, parameters
from fairlead.sizing.families import MissingFact
from fairlead.sizing.sizing_input import SizingInput
from tests.sizing.inputs import card
from tests.sizing.test_checkpoint import LLAMA, read
from tests.sizing.test_layers_of_checkpoints import linear

DEEPSEEK: Final[dict[str, Any]] = {
    "model_type": "deepseek_v3",
    "first_k_dense_replace": 3,
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 129280,
}


def test_a_model_that_keeps_its_dense_layers_alone_has_no_experts_rather_than_less_than_none() -> None:
    """Two of three dense layers were left: 11 billion parameters of experts were subtracted, and it fit anywhere."""
    found = parameters.count(read(DEEPSEEK | {"num_hidden_layers": 2}))
    assert not found.keys() & {MatrixGroup.EXPERTS, MatrixGroup.SHARED_EXPERTS, MatrixGroup.ROUTER}
    assert found[MatrixGroup.MLP] == 2 * 3 * 7168 * 18432
    assert MatrixGroup.EXPERTS in parameters.count(read(DEEPSEEK | {"num_hidden_layers": 4}))


def test_kinds_of_layers_that_were_cut_off_are_not_counted() -> None:
    kinds = ["sliding_attention", "full_attention"] * 16
    short = read(LLAMA | {"model_type": "gpt_oss", "sliding_window": 128, "layer_types": kinds, "num_hidden_layers": 4})
    assert (short.window, short.full_layers) == (WindowedLayers(layers=2, tokens=128), 2)


def test_a_model_of_nothing_but_linear_attention_is_unknown_and_no_error() -> None:
    """Each fourth layer has keys and values: a model of three has none, and a review of it divided by zero."""
    three = linear(full_attention_interval=4, num_hidden_layers=3)
    assert checkpoint.read("it", json.dumps(three)) == MissingFact("none of its 3 layers has keys and values")
    four = read(three | {"num_hidden_layers": 4})
    sizing = SizingInput(release=CURRENT, shape=four, accelerator=card(), context=1024)
    assert isinstance(assessment.assess(sizing), Fit)


def test_a_tower_that_a_configuration_denies_is_none() -> None:
    """Exports of the text model alone say `null`; such a model was unknown."""
    assert read(LLAMA | {"vision_config": None}) == read(LLAMA)
