"""An engine without a GPU is sized like the fit of the same deployment, whatever arguments a spec adds."""

from typing import Any, Final

import pytest

from fairlead.emulator.engine import provision
from fairlead.emulator.vllm import command
from fairlead.review import admission, engine_timing, memory_fit
from fairlead.sizing import kv_pages, memory
from fairlead.sizing.sizing_input import SizingInput
from tests.emulator.engine.virtual import LLAMA, PACKAGED
from tests.review.table import CONTEXT, deployment

GEMMA: Final = "google/gemma-3-27b-it"
MIXTURE: Final = "Qwen/Qwen3-30B-A3B"
LATENT: Final = "deepseek-ai/DeepSeek-V2-Lite-Chat"
SPECS: Final[dict[str, tuple[str, int, dict[str, Any]]]] = {
    "nothing": (LLAMA, 1, {}),
    "a tower that is not loaded": (GEMMA, 1, {"extraArgs": ["--language-model-only"]}),
    "few images in a prompt": (GEMMA, 1, {"extraArgs": ["--limit-mm-per-prompt.image=0"]}),
    "few images in an object": (GEMMA, 1, {"extraArgs": ["--limit-mm-per-prompt", '{"image": {"count": 1}}']}),
    "windows that are kept whole": (GEMMA, 1, {"extraArgs": ["--disable-hyb"], "context": {"maxTokens": 8192}}),
    "contexts spread over GPUs": (LATENT, 4, {"extraArgs": ["-dcp", "4"]}),
    "adapters of few modules": (MIXTURE, 2, {"lora": {}, "extraArgs": ["--lora-target-modules", "q_proj"]}),
    "adapters of experts alone": (MIXTURE, 2, {"lora": {}, "extraArgs": ["--lora-target-modules=experts"]}),
    "adapters that share matrices": (MIXTURE, 2, {"lora": {}, "extraArgs": ["--enable-moe-shared-loras"]}),
    "experts that exist twice": (
        MIXTURE,
        4,
        {"extraArgs": ["-ep", "--enable-eplb", "--eplb-config.num_redundant_experts=32"]},
    ),
    "experts that move": (MIXTURE, 4, {"extraArgs": ["-ep", "--enable-eplb", "--eplb-config", "{}"]}),
    "larger batches": (LLAMA, 1, {"extraArgs": ["--performance-mode=throughput"]}),
    "prompts that are not cut": (LLAMA, 1, {"extraArgs": ["--no-enable-chunked-prefill"]}),
    "weights in main memory": (LLAMA, 1, {"extraArgs": ["--cpu-offload-gb=4"]}),
}


def inputs(model: str, gpus: int, engine: dict[str, Any]) -> tuple[SizingInput, SizingInput]:
    """The fit's input for a deployment, and the emulator's for its command."""
    card = {"product": "NVIDIA-H100-80GB-HBM3"}
    spec = deployment(
        model={"source": f"hf://{model}"}, accelerator=card, parallelism={"tensor": gpus}, engine={**engine}
    )
    review = admission.review(spec, CONTEXT)
    setup, described = review.setup, review.engine
    assert (review.refusals, setup is None, described is None) == ((), False, False)
    assert setup is not None
    assert described is not None
    assert setup.shape is not None
    assert setup.accelerator is not None
    words = described.launch(setup, engine_timing.of(review)).command
    return (
        memory_fit.sizing_question(setup, setup.shape, setup.accelerator, described),
        provision.question_of(command.read(words), setup.shape, setup.accelerator, PACKAGED.catalogue),
    )


@pytest.mark.parametrize("what", SPECS)
def test_the_command_of_a_deployment_has_the_memory_that_its_fit_counts(what: str) -> None:
    fit, emulated = inputs(*SPECS[what])
    assert memory.memory(emulated) == memory.memory(fit)
    cache = memory.memory(fit).kv.likely
    assert kv_pages.tokens(emulated, cache) == kv_pages.tokens(fit, cache)


def test_each_of_these_arguments_changes_something() -> None:
    """Else the comparison above would show nothing."""
    seen = {what: inputs(*spec)[1] for what, spec in SPECS.items()}
    plain = {model: inputs(model, gpus, {})[1] for model, gpus, _ in SPECS.values()}
    same = [what for what, (model, _, engine) in SPECS.items() if engine and seen[what] == plain[model]]
    assert same == []
