"""Setups that would end vLLM 0.32's start, because they cut groups of weights that share a scale, and that do not."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.desired_state import Adapter, Parallelism
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ExpertLayers, MatrixGroup, RecurrentLayers, StoredWeights
from tests.engines.refused import no
from tests.engines.setups import (
    A100,
    B200,
    ENGINE,
    H100,
    LLAMA,
    MIXTURE,
    VOLUME,
    WIDER_EXPERTS,
    in_blocks,
    setup_of,
    stored,
)

GATED_DELTA: Final = RecurrentLayers(layers=24, key_heads=16, value_heads=32, key_dim=128, value_dim=128, kernel=4)
GPT_OSS: Final = ExpertLayers(count=128, per_token=4, intermediate=2880)

SCALES: Final = {
    "experts of 768 cannot be cut in sixteen and keep whole groups of 32": (
        setup_of(
            replace(ENGINE, weights=WeightFormat.MXFP4), shape=MIXTURE, on=H100, parallelism=Parallelism(tensor=16)
        ),
        no(
            "spec.parallelism.tensor",
            16,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "mxfp4 shares one scale among 32 weights, and 768 divided by 16 is not a multiple of 32",
            "write 8, or add --enable-expert-parallel to spec.engine.extraArgs",
        ),
    ),
    "a width that is no multiple at all fits no number of GPUs": (
        setup_of(replace(ENGINE, weights=WeightFormat.MXFP8), shape=replace(LLAMA, intermediate=1000), on=B200),
        no(
            "spec.parallelism.tensor",
            1,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "mxfp8 shares one scale among 32 weights, and 1000 divided by 1 is not a multiple of 32",
            "write fp8PerTensor as spec.engine.quantization.weights",
        ),
    ),
    "nor does such a width between layers": (
        setup_of(replace(ENGINE, weights=WeightFormat.MXFP8), shape=replace(LLAMA, hidden=4112, heads=16), on=B200),
        no(
            "spec.parallelism.tensor",
            1,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "mxfp8 shares one scale among 32 weights, and 4112 divided by 1 is not a multiple of 32",
            "write fp8PerTensor as spec.engine.quantization.weights",
        ),
    ),
    "kernels before Ada do not divide the FP8 blocks of experts": (
        setup_of(shape=in_blocks(WIDER_EXPERTS), on=A100, parallelism=Parallelism(tensor=8)),
        no(
            "spec.parallelism.tensor",
            8,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "fp8 shares one scale among 128 weights, and 1536 divided by 8 is not a multiple of 128",
            "write 4, or add --enable-expert-parallel or --moe-backend=marlin to spec.engine.extraArgs",
        ),
    ),
    "nor are those of compressed tensors divided on any GPU": (
        setup_of(
            shape=in_blocks(WIDER_EXPERTS, WeightFormat.COMPRESSED_TENSORS_FP8),
            on=H100,
            parallelism=Parallelism(tensor=8),
        ),
        no(
            "spec.parallelism.tensor",
            8,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "compressedTensorsFp8 shares one scale among 128 weights, and 1536 divided by 8 is not a multiple of 128",
            "write 4, or add --enable-expert-parallel to spec.engine.extraArgs",
        ),
    ),
    "data-parallel copies divide experts that are not spread too": (
        setup_of(shape=in_blocks(WIDER_EXPERTS), on=A100, parallelism=Parallelism(tensor=2, data=4)),
        no(
            "spec.parallelism.tensor",
            2,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "fp8 shares one scale among 128 weights, and 1536 divided by 8 is not a multiple of 128",
            "write 1, or add --enable-expert-parallel or --moe-backend=marlin to spec.engine.extraArgs",
        ),
    ),
    "nor does a kernel of newer GPUs pad them": (
        setup_of(
            replace(ENGINE, extra_args=("--moe-backend=triton",)),
            shape=in_blocks(WIDER_EXPERTS),
            on=A100,
            parallelism=Parallelism(tensor=8),
        ),
        no(
            "spec.parallelism.tensor",
            8,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "fp8 shares one scale among 128 weights, and 1536 divided by 8 is not a multiple of 128",
            "write 4, or add --enable-expert-parallel or --moe-backend=marlin to spec.engine.extraArgs",
        ),
    ),
    "experts that adapters change are not padded": (
        setup_of(
            replace(
                ENGINE,
                extra_args=("--moe-backend", "marlin"),
                adapters=(Adapter(name="de", source=VOLUME, rank=16),),
            ),
            shape=in_blocks(WIDER_EXPERTS),
            on=H100,
            parallelism=Parallelism(tensor=8),
        ),
        no(
            "spec.parallelism.tensor",
            8,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "fp8 shares one scale among 128 weights, and 1536 divided by 8 is not a multiple of 128",
            "write 4, or add --enable-expert-parallel to spec.engine.extraArgs",
        ),
    ),
    "blocks of any other matrix stay whole on every GPU": (
        setup_of(shape=in_blocks(replace(LLAMA, intermediate=9728)), on=H100, parallelism=Parallelism(tensor=8)),
        no(
            "spec.parallelism.tensor",
            8,
            Why.FORMAT_NEEDS_ALIGNMENT,
            "fp8 shares one scale among 128 weights, and 9728 divided by 8 is not a multiple of 128",
            "write 4",
        ),
    ),
}

WHOLE: Final = {
    "MXFP4 over as many GPUs as its groups allow": setup_of(
        replace(ENGINE, weights=WeightFormat.MXFP4), shape=MIXTURE, on=H100, parallelism=Parallelism(tensor=8)
    ),
    "a checkpoint stored as MXFP4, whose experts are padded": setup_of(
        shape=stored(replace(MIXTURE, hidden=2880, experts=GPT_OSS), WeightFormat.MXFP4),
        on=H100,
        parallelism=Parallelism(tensor=8),
    ),
    "whole experts in MXFP4 on each GPU": setup_of(
        replace(ENGINE, weights=WeightFormat.MXFP4, extra_args=("-ep",)),
        shape=MIXTURE,
        on=H100,
        parallelism=Parallelism(tensor=16),
    ),
    "FP8 blocks of experts, which kernels divide": setup_of(
        shape=in_blocks(WIDER_EXPERTS), on=H100, parallelism=Parallelism(tensor=8)
    ),
    "the same on a GPU that is not in the catalogue": setup_of(
        shape=in_blocks(WIDER_EXPERTS), on=None, parallelism=Parallelism(tensor=8)
    ),
    "slices that a kernel named in the arguments pads to whole blocks": setup_of(
        replace(ENGINE, extra_args=("--moe-backend=marlin",)),
        shape=in_blocks(WIDER_EXPERTS),
        on=A100,
        parallelism=Parallelism(tensor=8),
    ),
    "FP8 blocks of whole experts": setup_of(
        replace(ENGINE, extra_args=("--enable-expert-parallel",)),
        shape=in_blocks(WIDER_EXPERTS),
        on=A100,
        parallelism=Parallelism(tensor=8),
    ),
    "FP8 by tensor, which has no blocks": setup_of(
        shape=stored(WIDER_EXPERTS, WeightFormat.FP8), on=A100, parallelism=Parallelism(tensor=8)
    ),
    "whole blocks of recurrent layers": setup_of(
        shape=in_blocks(replace(LLAMA, recurrent=GATED_DELTA)), on=H100, parallelism=Parallelism(tensor=8)
    ),
    "blocks that no GPU divides": setup_of(shape=in_blocks(replace(LLAMA, intermediate=9720)), on=H100),
    "matrices that are not stored in blocks": setup_of(
        shape=replace(
            LLAMA,
            intermediate=9728,
            stored=StoredWeights(format=WeightFormat.FP8, block=128, kept=frozenset({MatrixGroup.MLP})),
        ),
        on=H100,
        parallelism=Parallelism(tensor=8),
    ),
}
"""What vLLM does load."""
