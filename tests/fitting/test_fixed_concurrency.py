"""The closed form of a run at fixed concurrency, with simple numbers."""

from dataclasses import replace

import pytest

from fairlead.simulator.timing import formula, roofline, step_work
from fairlead.simulator.timing.physics import EngineBehaviour
from fitting import assumed_physics, fixed_concurrency
from fitting.fixed_concurrency import ConcurrencyLoad, CorrectionFactors, WorkerPool
from tests.simulator.timing import published_rows

PLAIN = CorrectionFactors(1.0, 1.0, 1.0)
ASSUMED = EngineBehaviour(roofline.ASSUMED, assumed_physics.ASSUMED_OVERHEAD)


def load(clients: float, prompt: float = 1000.0, output: float = 500.0) -> ConcurrencyLoad:
    return ConcurrencyLoad(
        prompt=prompt, output=output, clients=clients, chunks=1.0, others=max(clients - 1, 0), drafts=0.0, kept=1.0
    )


def workers(number: int = 1, tensor: int = 1) -> WorkerPool:
    return WorkerPool(step_work.of(published_rows.question(tensor=tensor)), number, 1)


def test_one_client_sees_its_own_steps_and_no_other_clients_prompts() -> None:
    seen = fixed_concurrency.aggregated_figures(workers(), ASSUMED, load(1), PLAIN)
    alone = fixed_concurrency.decode_s(workers().work, roofline.ASSUMED, 1, load(1))
    assert seen.token_s == pytest.approx(alone)
    assert seen.first_token_s > assumed_physics.ASSUMED_OVERHEAD.start_s


def test_others_prompts_slow_every_reply_down() -> None:
    seen = fixed_concurrency.aggregated_figures(workers(), ASSUMED, load(32), PLAIN)
    alone = fixed_concurrency.decode_s(workers().work, roofline.ASSUMED, 32, load(32))
    assert seen.token_s > alone * 1.05


def test_separate_readers_keep_prompts_out_of_replies() -> None:
    together = fixed_concurrency.aggregated_figures(workers(), ASSUMED, load(32), PLAIN)
    apart = fixed_concurrency.disaggregated_figures(workers(4), workers(), ASSUMED, load(32), PLAIN)
    assert apart.token_s < together.token_s


def test_too_few_readers_make_first_tokens_wait_and_leave_writers_idle() -> None:
    few, many = (
        fixed_concurrency.disaggregated_figures(workers(number), workers(), ASSUMED, load(256, output=50.0), PLAIN)
        for number in (1, 16)
    )
    assert few.first_token_s > 3 * many.first_token_s
    assert few.token_s < many.token_s


def test_drafts_that_hold_make_tokens_come_sooner_than_steps() -> None:
    drafted = replace(load(4), drafts=2.0, kept=2.2)
    plain, faster = (fixed_concurrency.aggregated_figures(workers(), ASSUMED, one, PLAIN) for one in (load(4), drafted))
    assert plain.token_s / 2.2 < faster.token_s < plain.token_s


def test_a_group_that_waits_longer_waits_longer() -> None:
    seen, longer = (
        fixed_concurrency.aggregated_figures(workers(), ASSUMED, load(4), CorrectionFactors(1, 1, wait))
        for wait in (1, 2)
    )
    assert longer == seen._replace(first_token_s=2 * seen.first_token_s)


def test_the_longer_of_two_times_counts_and_equal_ones_a_little_more() -> None:
    assert formula.smooth_maximum(1.0, 0.0) == 1.0
    assert 1.0 < formula.smooth_maximum(1.0, 1.0) < 1.2
