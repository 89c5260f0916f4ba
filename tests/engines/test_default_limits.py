"""vLLM's default limits where a spec names none: requests and tokens of a batch, by GPU, and of a request."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import defaults
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import DesiredEngine
from tests.engines.setups import A100, B200, ENGINE, H100, L4, LLAMA, setup_of

DEFAULTS: Final = {
    "an L4": (L4, 256, 2048),
    "an H100": (H100, 1024, 8192),
    "an A100, which counts as small": (A100, 256, 2048),
    "a B200": (B200, 1024, 16384),
}


@pytest.mark.parametrize("what", DEFAULTS)
def test_the_engines_own_limits_follow_from_the_gpu(what: str) -> None:
    gpu, sequences, batched = DEFAULTS[what]

    assert (defaults.sequences(setup_of(on=gpu)), defaults.batched_tokens(setup_of(on=gpu))) == (sequences, batched)


def test_throughput_doubles_the_engines_own_limits() -> None:
    setup = setup_of(replace(ENGINE, extra_args=("--performance-mode=throughput",)))

    assert (defaults.sequences(setup), defaults.batched_tokens(setup)) == (512, 4096)


@pytest.mark.parametrize(
    ("engine", "batched"),
    [
        (ENGINE, 131_072),
        (replace(ENGINE, max_context_tokens=1024), 2048),
        (replace(ENGINE, max_batched_tokens=512), 512),
    ],
)
def test_a_step_of_the_default_length_holds_a_prompt_that_is_not_cut(engine: DesiredEngine, batched: int) -> None:
    setup = setup_of(replace(engine, extra_args=("--no-enable-chunked-prefill",)))

    assert (defaults.batched_tokens(setup), defaults.sequences(setup)) == (batched, 256)


@pytest.mark.parametrize("gpu", [H100, None])
def test_no_more_requests_run_than_a_step_has_tokens_so_that_few_wait_beside_them(gpu: Accelerator | None) -> None:
    setup = setup_of(replace(ENGINE, max_batched_tokens=256, max_queued_requests=10), on=gpu)

    assert defaults.sequences(setup) == 256
    command = VllmEngine().launch(setup, LifecycleParameters()).command
    assert command[command.index("--max-num-queued-reqs") + 1] == "266"


@pytest.mark.parametrize("flag", ["--max-num-active-seqs=64", "--max_num_active_seqs=64", "--max-num-act=64"])
def test_few_wait_beside_those_that_an_argument_lets_run(flag: str) -> None:
    """vLLM counts running requests too: the cap of a whole batch let 970 wait where the spec says 10."""
    setup = setup_of(replace(ENGINE, max_queued_requests=10, extra_args=(flag,)), on=H100)

    command = VllmEngine().launch(setup, LifecycleParameters()).command
    assert command[command.index("--max-num-queued-reqs") + 1] == "74"
    assert command[-1] == flag, "what a user wrote stays as it is"


@pytest.mark.parametrize("written", ["--max-num-active-seqs=512", "--max-num-active-seqs=many", "--seed=1"])
def test_no_more_run_than_a_batch_holds_whatever_an_argument_says(written: str) -> None:
    setup = setup_of(replace(ENGINE, extra_args=(written,)))
    assert defaults.running(setup) == defaults.sequences(setup) == 256


@pytest.mark.parametrize("overrides", ["--hf-overrides", "--hf-overrides.max_position_embeddings"])
def test_a_lengthened_rope_is_left_to_a_configuration_that_the_spec_changes(overrides: str) -> None:
    """131,072 tokens were written over a configuration shortened to 8,192, and vLLM ended at its start."""
    phi = replace(LLAMA, positions=131072, original_positions=4096)
    changed = replace(ENGINE, extra_args=(overrides + "=8192",))
    plain, short = setup_of(changed, shape=phi), setup_of(replace(changed, max_context_tokens=8192), shape=phi)
    assert "--max-model-len" not in VllmEngine().launch(plain, LifecycleParameters()).command
    assert VllmEngine().launch(short, LifecycleParameters()).command[-3:-1] == ("--max-model-len", "8192")
