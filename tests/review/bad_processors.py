"""Specs for vLLM on CPU that its build there would refuse or ignore, or that lack memory."""

from typing import Any, Final

from tests.review.table import Layer, Object, Row, deployment

_IMAGE: Final = {"image": "vllm/vllm-openai:v0.32.0"}
_LLAMA: Final = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}


def _given(memory: str = "64Gi", model: dict[str, str] = _LLAMA, **changed: Any) -> Object:  # noqa: ANN401  # any field
    engine = {"context": {"maxTokens": 4096}} | changed.pop("engine", {})
    return deployment(
        model=model, engine=engine, accelerator={"product": "CPU", "cores": 8, "memory": memory}, **changed
    )


def _no(story: str, at: str, wording: str, layer: Layer = Layer.ENGINE, **changed: Any) -> Row:  # noqa: ANN401
    return Row(story=story, given=_given(**changed), layer=layer, at=at, wording=wording)


PROCESSORS: Final = (
    _no("vLLM's image for CUDA on a processor", "spec.engine.image", "the build for CUDA", engine=_IMAGE),
    _no("two ranks on a processor", "spec.parallelism", "a pod cannot ask for NUMA nodes", parallelism={"tensor": 2}),
    _no(
        "sleep on a processor",
        "spec.engine.sleep.enabled",
        "weights are in main memory already",
        engine={"sleep": {"enabled": True}},
    ),
    _no(
        "a share of a processor's memory",
        "spec.engine.memoryUtilization",
        "set spec.accelerator.memory",
        engine={"memoryUtilization": "0.90"},
    ),
    _no(
        "weights that no processor multiplies",
        "spec.engine.quantization.weights",
        "no MXFP8 kernels",
        engine={"quantization": {"weights": "mxfp8"}},
    ),
    _no(
        "a four-bit cache on a processor",
        "spec.engine.quantization.kvCache",
        "in the model's own type or in FP8",
        engine={"quantization": {"kvCache": "nvfp4"}},
    ),
    _no(
        "small blocks on a processor",
        "spec.engine.extraArgs",
        "a multiple of 32 tokens, 128 by default",
        engine={"extraArgs": ["--block-size=16"]},
    ),
    _no(
        "graphs on a processor",
        "spec.engine.extraArgs[0]",
        "there are no CUDA graphs",
        engine={"extraArgs": ["--cudagraph-capture-sizes=8"]},
    ),
    _no(
        "a number of threads beside a number of cores",
        "spec.engine.env",
        "set spec.accelerator.cores",
        engine={"env": [{"name": "OMP_NUM_THREADS", "value": "64"}]},
    ),
    _no(
        "SGLang's image for CUDA on a processor, which is the default",
        "spec.engine.image",
        "make image-sglang-cpu",
        engine={"kind": "SGLang"},
    ),
    _no(
        "drafts of SGLang on a processor",
        "spec.engine.speculation.method",
        "need its kernels",
        engine={"kind": "SGLang", "image": "example.com/sglang:1", "speculation": {"method": "ngram"}},
    ),
    _no(
        "a model of unknown shape in very little memory",
        "spec.accelerator.memory",
        "write 4Gi or more",
        memory="2Gi",
        model={"source": "hf://nobody/knows"},
    ),
    _no(
        "eight billion parameters in eight gigabytes",
        "spec.accelerator.memory",
        "the engine may use 8.0 GiB",
        layer=Layer.SIZING,
        memory="8Gi",
    ),
)
