"""vLLM's default limits where a spec names none: requests and tokens of a batch, by GPU."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm import defaults
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.accelerators import Accelerator
from tests.engines.setups import A100, B200, ENGINE, H100, L4, setup_of

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


@pytest.mark.parametrize("gpu", [H100, None])
def test_no_more_requests_run_than_a_step_has_tokens_so_that_few_wait_beside_them(gpu: Accelerator | None) -> None:
    setup = setup_of(replace(ENGINE, max_batched_tokens=256, max_queued_requests=10), on=gpu)

    assert defaults.sequences(setup) == 256
    command = VllmEngine().launch(setup, LifecycleParameters()).command
    assert command[command.index("--max-num-queued-reqs") + 1] == "266"
