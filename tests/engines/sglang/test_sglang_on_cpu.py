"""SGLang on CPU: how it is started, what is refused, and what users are warned of."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.engines.sglang import checks, release, warning_checks
from fairlead.engines.sglang.cpu import limits, overrides, settings
from fairlead.engines.sglang.cpu import warning_checks as cpu_warnings
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet import accelerators
from fairlead.fleet.desired_state import DesiredEngine, Parallelism
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from tests.engines import on_cpu as processors
from tests.engines.setups import LATENT, LLAMA, MIXTURE, NGRAM, setup_of, stored
from tests.engines.sglang.inputs import ENGINE, SGLANG, refusals, warnings

PACE: Final = LifecycleParameters(weight_bytes=1 << 30)
OURS: Final = "localhost/fairlead-sglang-cpu:0.5.23"
PLAIN: Final = replace(ENGINE, image=OURS, max_context_tokens=4096)


def on_cpu(
    engine: DesiredEngine = PLAIN,
    *,
    shape: ModelShape | None = LLAMA,
    cores: int = 4,
    memory_gib: float = 48,
    parallelism: Parallelism = Parallelism(),  # noqa: B008 - a frozen value
) -> EngineSetup:
    """One setup on CPU; the cache of a known model holds eight requests."""
    setup = processors.on_cpu(engine, shape=shape, cores=cores, memory_gib=memory_gib, parallelism=parallelism)
    return replace(setup, kv_tokens=None if shape is None else 32768)


def variables(setup: EngineSetup) -> dict[str, object]:
    return {one.name: one.value for one in SGLANG.launch(setup, PACE).environment}


def test_cores_become_threads_and_memory_the_tokens_of_its_cache() -> None:
    command = SGLANG.launch(on_cpu(cores=8), PACE).command
    begin = command.index("--device")

    assert command[begin : begin + 8] == (
        *("--device", "cpu", "--max-running-requests", "128"),
        *("--max-total-tokens", "32768", "--mem-fraction-static", "0.95"),
    )
    assert command[-2:] == ("--disable-decode-cuda-graph", "--disable-prefill-cuda-graph")
    wanted = {"SGLANG_USE_CPU_ENGINE": "1", "OMP_NUM_THREADS": "7", "TORCH_COMPILE_DISABLE": "1"}
    assert wanted.items() <= variables(on_cpu(cores=8)).items()
    assert [settings.threads(cores) for cores in (1, 2, 64)] == [1, 1, 63]


def test_a_configured_batch_size_is_kept_and_an_unknown_models_cache_is_left_to_sglang() -> None:
    written = SGLANG.launch(on_cpu(replace(PLAIN, max_sequences=4)), PACE).command
    unknown = SGLANG.launch(on_cpu(shape=None), PACE).command

    assert [word for word, value in pairwise(written) if value == "4"] == ["--max-running-requests"]
    assert not {"--max-total-tokens", "--mem-fraction-static"} & set(unknown)


def test_a_gpu_gets_none_of_this() -> None:
    on_gpu = setup_of(ENGINE)

    assert settings.arguments(on_gpu) == ()
    assert settings.environment(on_gpu) == ()
    assert "SGLANG_USE_CPU_ENGINE" not in variables(on_gpu)
    assert [check for check in cpu_warnings.WARNING_CHECKS if check(on_gpu)] == []


def test_a_start_may_take_as_long_as_vllms_there() -> None:
    assert SGLANG.launch(on_cpu(), PACE).probes.startup.allowed_seconds == 300 + 22


def test_its_memory_is_that_of_its_processes_and_no_share() -> None:
    memory, processor = SGLANG.memory("0.5.23"), accelerators.cpu(8 << 30)
    assert memory.host is not None
    assert memory.host.block_tokens == 1
    assert memory.batch(processor) == (settings.SEQUENCES, 2048)


REFUSED: Final[dict[str, tuple[EngineSetup, str, str]]] = {
    "main memory for evicted blocks": (
        on_cpu(replace(PLAIN, host_memory_bytes=8 << 30)),
        "spec.engine.prefixCaching.hostMemory",
        "8 GiB",
    ),
    "the image for CUDA": (
        on_cpu(replace(PLAIN, image="mirror.example/lmsysorg/sglang:v0.5.23-cu130")),
        "spec.engine.image",
        "mirror.example/lmsysorg/sglang:v0.5.23-cu130",
    ),
    "two ranks": (on_cpu(parallelism=Parallelism(tensor=2)), "spec.parallelism", "2 x 1 x 1"),
    "a share of memory": (on_cpu(replace(PLAIN, memory_utilization=0.9)), "spec.engine.memoryUtilization", "0.9"),
    "an unknown model in two gigabytes": (
        on_cpu(shape=None, memory_gib=2),
        "spec.accelerator.memory",
        "4 cores and 2 GiB",
    ),
    "weights made smaller": (
        on_cpu(replace(PLAIN, weights=WeightFormat.FP8)),
        "spec.engine.quantization.weights",
        "fp8",
    ),
    "weights stored small": (
        on_cpu(shape=stored(LLAMA, WeightFormat.AWQ)),
        "spec.engine.quantization.weights",
        "awq",
    ),
    "an FP8 cache": (on_cpu(replace(PLAIN, kv=KvFormat.FP8)), "spec.engine.quantization.kvCache", "fp8"),
    "lookups in the prompt": (
        on_cpu(replace(PLAIN, speculation=NGRAM)),
        "spec.engine.speculation.method",
        "ngram",
    ),
    "experts": (on_cpu(shape=MIXTURE), "spec.model.source", MIXTURE.name),
    "latent attention": (on_cpu(shape=LATENT), "spec.model.source", LATENT.name),
    "tokens of the cache": (
        on_cpu(replace(PLAIN, extra_args=("--max-total-tokens=65536",))),
        "spec.engine.extraArgs[0]",
        "--max-total-tokens",
    ),
    "compilation": (
        on_cpu(replace(PLAIN, extra_args=("--enable-torch-compile",))),
        "spec.engine.extraArgs[0]",
        "--enable-torch-compile",
    ),
    "a number of threads": (
        on_cpu(replace(PLAIN, extra_env=(("OMP_NUM_THREADS", "64"),))),
        "spec.engine.env",
        "OMP_NUM_THREADS",
    ),
    "threads on cores": (
        on_cpu(replace(PLAIN, extra_env=(("SGLANG_CPU_OMP_THREADS_BIND", "0-3"),))),
        "spec.engine.env",
        "SGLANG_CPU_OMP_THREADS_BIND",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_it_cannot_do_there_is_refused_by_its_field(what: str) -> None:
    setup, field, value = REFUSED[what]

    (found,) = refusals(setup)

    assert (found.field, found.value, found.reason in {Why.NOT_ON_CPU, Why.OUT_OF_RANGE}) == (field, value, True)
    assert len(f"{found.because}; {found.remedy}") <= 240


def test_every_row_refuses_something_here_and_names_its_place() -> None:
    setups = [setup for setup, _, _ in REFUSED.values()]

    assert [row.refuses for row in limits.LIMITS if all(row.value(one) is None for one in setups)] == []
    assert all(row.source.startswith("srt/") for row in limits.LIMITS)
    assert set(overrides.VARIABLES) == {"OMP_NUM_THREADS", "TORCH_COMPILE_DISABLE", "SGLANG_CPU_OMP_THREADS_BIND"}


ALLOWED: Final = {
    "a plain wish": on_cpu(),
    "an unknown model with room": on_cpu(shape=None),
    "bfloat16": on_cpu(replace(PLAIN, dtype=Dtype.BFLOAT16)),
    "kernels for AMX in an image of one's own": on_cpu(replace(PLAIN, image="example.com/sglang-xeon:1")),
    "a GPU's own words": setup_of(replace(ENGINE, extra_args=("--max-total-tokens", "131072"))),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_what_it_can_do_is_not_refused(what: str) -> None:
    assert refusals(ALLOWED[what]) == ()


def test_rules_about_gpus_say_nothing_of_a_processor() -> None:
    assert set(checks.of(setup_of(ENGINE))) - set(checks.of(on_cpu())) == checks.OF_GPUS
    assert set(warning_checks.of(setup_of(ENGINE))) == set(warning_checks.WARNING_CHECKS)


def fields_warned(setup: EngineSetup) -> list[str]:
    return [one.field for one in warnings(setup)]


def test_how_little_was_tested_is_always_stated() -> None:
    assert fields_warned(on_cpu()) == ["spec.accelerator.product"]
    assert fields_warned(on_cpu(cores=1)) == ["spec.accelerator.product", "spec.accelerator.cores"]
    assert fields_warned(on_cpu(replace(PLAIN, eager=True))) == ["spec.accelerator.product"]
    assert fields_warned(on_cpu(shape=None)) == ["spec.engine.context.maxTokens", "spec.accelerator.product"]
    assert all(len(f"{one.because}; {one.remedy}") <= 240 for one in warnings(on_cpu(cores=1)))


def test_its_image_for_processors_holds_this_release_and_no_more() -> None:
    assert release.is_whole(PLAIN)
    assert not release.is_whole(replace(PLAIN, image="example.com/sglang-xeon:0.5.23"))
