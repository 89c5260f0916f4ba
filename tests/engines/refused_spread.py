"""Setups that would end vLLM 0.32's start, because their GPUs cannot share the model."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.shapes import RecurrentLayers
from tests.engines.refused import no
from tests.engines.setups import ENGINE, LATENT, LLAMA, setup_of

EXTRA: Final = "spec.engine.extraArgs"
PHI: Final = replace(LLAMA, name="phi-4", hidden=5120, heads=40, kv_heads=10, vocab=100_352, intermediate=17_920)
LINEAR: Final = RecurrentLayers(layers=24, key_heads=16, value_heads=48, key_dim=128, value_dim=128, kernel=4)

SPREAD: Final = {
    "heads must be shared out evenly": (
        setup_of(parallelism=Parallelism(tensor=3)),
        no(
            "spec.parallelism.tensor",
            3,
            Why.HEADS_NOT_DIVISIBLE,
            "3 GPUs cannot share the 32 attention heads of Llama-3.1-8B evenly",
            "write 2",
        ),
    ),
    "so must KV heads": (
        setup_of(shape=PHI, parallelism=Parallelism(tensor=4)),
        no(
            "spec.parallelism.tensor",
            4,
            Why.HEADS_NOT_DIVISIBLE,
            "4 GPUs cannot share the 10 KV heads of phi-4 evenly",
            "write 2",
        ),
    ),
    "and with what is written instead, the vocabulary": (
        setup_of(shape=PHI, parallelism=Parallelism(tensor=8)),
        no(
            "spec.parallelism.tensor",
            8,
            Why.HEADS_NOT_DIVISIBLE,
            "8 GPUs cannot share the 10 KV heads of phi-4 evenly",
            "write 2",
        ),
    ),
    "so must the vocabulary, which is padded to a multiple of 64": (
        setup_of(shape=PHI, parallelism=Parallelism(tensor=5)),
        no(
            "spec.parallelism.tensor",
            5,
            Why.HEADS_NOT_DIVISIBLE,
            "5 GPUs cannot share the 100352 rows of the vocabulary of phi-4 evenly",
            "write 2",
        ),
    ),
    "so must dense layers": (
        setup_of(shape=replace(LLAMA, hidden=3072, heads=24, kv_heads=24), parallelism=Parallelism(tensor=6)),
        no(
            "spec.parallelism.tensor",
            6,
            Why.HEADS_NOT_DIVISIBLE,
            "6 GPUs cannot share the width of the dense layers of Llama-3.1-8B evenly",
            "write 4",
        ),
    ),
    "so must heads of linear attention": (
        setup_of(
            shape=replace(LLAMA, hidden=3072, heads=24, kv_heads=4, recurrent=LINEAR),
            parallelism=Parallelism(tensor=12),
        ),
        no(
            "spec.parallelism.tensor",
            12,
            Why.HEADS_NOT_DIVISIBLE,
            "12 GPUs cannot share the heads of linear attention of Llama-3.1-8B evenly",
            "write 8",
        ),
    ),
    "a replica has as many GPUs as it is spread over": (
        setup_of(parallelism=Parallelism(tensor=4, pipeline=2), gpus=4),
        no(
            "spec.accelerator.count",
            4,
            Why.GPUS_DIFFER,
            "tensor 4 times pipeline 2 times data 1 takes 8 GPUs",
            "write 8, or less parallelism",
        ),
    ),
    "half a GPU is none": (
        setup_of(parallelism=Parallelism(tensor=0), gpus=1),
        no("spec.parallelism.tensor", 0, Why.OUT_OF_RANGE, "must be at least 1", "write 1"),
    ),
    "a dense model has no experts to spread": (
        setup_of(replace(ENGINE, extra_args=("-ep",))),
        no(EXTRA, "--enable-expert-parallel", Why.ARGUMENT_CONFLICTS, "Llama-3.1-8B has no experts", "remove it"),
    ),
    "experts on one GPU have nothing to balance": (
        setup_of(replace(ENGINE, extra_args=("--enable-eplb", "--enable-expert-parallel")), shape=LATENT),
        no(
            EXTRA,
            "--enable-eplb",
            Why.ARGUMENT_CONFLICTS,
            "experts are balanced only if --enable-expert-parallel spreads them over several GPUs",
            "remove it, or add --enable-expert-parallel and set spec.parallelism.tensor to 2 or more",
        ),
    ),
}
