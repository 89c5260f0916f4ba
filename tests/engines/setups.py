"""Inputs of the tests of engines: a model that fits nearly everywhere, GPUs of each generation, one plain setup."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.accelerators import Accelerator, ComputeCapability
from fairlead.fleet.desired_state import (
    DesiredEngine,
    DesiredModel,
    DesiredRevision,
    DesiredSpeculation,
    EngineKind,
    ModelSource,
    Parallelism,
    SecretKey,
    SourceScheme,
    SpeculationMethod,
)
from fairlead.fleet.lora_slots import LoraSlots
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ExpertLayers, LatentAttention, ModelShape, StoredWeights, VisionTower

LLAMA: Final = ModelShape(
    name="Llama-3.1-8B",
    family="llama",
    layers=32,
    hidden=4096,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocab=128256,
    intermediate=14336,
    positions=131072,
)
LLAMA_SMALL: Final = replace(LLAMA, name="Llama-3.2-1B", layers=16, hidden=2048, intermediate=8192)
QWEN_SMALL: Final = replace(LLAMA_SMALL, name="Qwen3-0.6B", family="qwen3", vocab=151936)
MIXTURE: Final = replace(
    LLAMA, name="Qwen3-30B-A3B", family="qwen3_moe", experts=ExpertLayers(count=128, per_token=8, intermediate=768)
)
OF_IMAGES: Final = replace(LLAMA, vision=VisionTower())
WIDER_EXPERTS: Final = replace(
    MIXTURE, name="MiniMax-M2", experts=ExpertLayers(count=256, per_token=8, intermediate=1536)
)
LATENT: Final = replace(
    MIXTURE,
    name="DeepSeek-V3",
    family="deepseek_v3",
    latent=LatentAttention(kv_rank=512, rope_dim=64, nope_dim=128, value_dim=128),
    mtp_layers=2,
)


def stored(shape: ModelShape, format_: WeightFormat) -> ModelShape:
    """The same model from a quantized checkpoint."""
    return replace(shape, stored=StoredWeights(format=format_))


def in_blocks(shape: ModelShape, format_: WeightFormat = WeightFormat.FP8) -> ModelShape:
    """The same model from a checkpoint in eight bits, where 128 rows and columns share one scale."""
    return replace(shape, stored=StoredWeights(format=format_, block=128))


def with_cache(shape: ModelShape, cache: KvFormat) -> ModelShape:
    """The same model from a checkpoint of ModelOpt with scales for such a cache."""
    return replace(shape, stored=StoredWeights(format=WeightFormat.NVFP4, cache=cache, cache_by_modelopt=True))


def gpu(product: str, capability: ComputeCapability, memory_gib: int) -> Accelerator:
    """A GPU of which only compute capability and memory matter."""
    return Accelerator(
        product=product,
        memory_mib=memory_gib * 1024,
        bandwidth_gbs=None,
        bf16_tflops=None,
        fp8_tflops=None,
        capability=capability,
    )


V100: Final = gpu("Tesla-V100-SXM2-16GB", ComputeCapability(7, 0), 16)
T4: Final = gpu("Tesla-T4", ComputeCapability(7, 5), 15)
A100: Final = gpu("NVIDIA-A100-SXM4-80GB", ComputeCapability(8, 0), 80)
L4: Final = gpu("NVIDIA-L4", ComputeCapability(8, 9), 23)
H100: Final = gpu("NVIDIA-H100-80GB-HBM3", ComputeCapability(9, 0), 80)
B200: Final = gpu("NVIDIA-B200", ComputeCapability(10, 0), 180)
RTX5090: Final = gpu("NVIDIA-GeForce-RTX-5090", ComputeCapability(12, 0), 32)

HUB: Final = ModelSource(
    scheme=SourceScheme.HUB, location="meta-llama/Llama-3.1-8B-Instruct", revision="0e9e39f249a16976918f6564b8830bc8"
)
DRAFT: Final = ModelSource(scheme=SourceScheme.HUB, location="meta-llama/Llama-3.2-1B", revision="4e20de36")
SLOTS: Final = LoraSlots(slots=8, cpu_slots=32, max_rank=16, loader_image="fairlead:0.32")
VOLUME: Final = ModelSource(scheme=SourceScheme.CLAIM, location="models/llama")

ENGINE: Final = DesiredEngine(kind=EngineKind.VLLM, version="0.32.0", image="vllm:0.32")
RELEASED: Final = replace(ENGINE, image="vllm/vllm-openai:v0.32.0")
"""An image that can contain nothing but the release."""
NGRAM: Final = DesiredSpeculation(method=SpeculationMethod.NGRAM, tokens=3)
WITH_DRAFT: Final = DesiredSpeculation(method=SpeculationMethod.DRAFT_MODEL, tokens=5, draft=DRAFT)
MTP: Final = DesiredSpeculation(method=SpeculationMethod.MTP)


def setup_of(
    engine: DesiredEngine = ENGINE,
    *,
    shape: ModelShape | None = LLAMA,
    draft: ModelShape | None = None,
    on: Accelerator | None = L4,
    parallelism: Parallelism = Parallelism(),  # noqa: B008 - a frozen value
    gpus: int | None = None,
    source: ModelSource = HUB,
) -> EngineSetup:
    """One setup; what a test does not set is plain."""
    revision = DesiredRevision(
        namespace="chat",
        name="chat",
        model=DesiredModel(source=source, served_name="chat"),
        engine=engine,
        product="NVIDIA-L4",
        gpus_per_replica=parallelism.gpus if gpus is None else gpus,
        parallelism=parallelism,
    )
    return EngineSetup(revision=revision, shape=shape, draft_shape=draft, accelerator=on)


def with_token(setup: EngineSetup) -> EngineSetup:
    """The same with a Hugging Face token."""
    model = replace(setup.revision.model, token_secret=SecretKey(name="hf", key="token"))
    return replace(setup, revision=replace(setup.revision, model=model))
