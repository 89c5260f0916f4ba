"""What drafting adds to a step: host time for a lookup, extra passes for a draft model."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet import draft_cost
from fairlead.fleet.draft_cost import DraftLookup
from fairlead.simulator.timing import drafted_step, roofline, step_work
from fairlead.sizing import draft_heads
from fairlead.sizing.sizing_input import DraftSetup
from tests.simulator.timing import published_rows

SMALLER, SMALL = "Qwen/Qwen3-0.6B", "meta-llama/Llama-3.2-1B-Instruct"
HEAD = DraftSetup(tokens=3, head=True)
REQUESTS = st.integers(1, 256)
TOKENS = st.integers(1, 8)


def seconds(drafting: DraftSetup, requests: int, tokens: int, context: int = 1000) -> float:
    """Of a step of Llama 70B on four cards; `tokens` are verified for each request besides its own."""
    deployment = replace(published_rows.question(published_rows.DENSE, tensor=4), drafting=drafting)
    times = published_rows.times(deployment, published_rows.packaged())
    return times.decode_line(requests, requests * (1 + tokens)).seconds(requests * context)


def draft(model: str, tokens: int) -> DraftSetup:
    return DraftSetup(tokens=tokens, model=published_rows.packaged_catalogue().shapes[model])


@given(REQUESTS, TOKENS)
def test_a_step_that_drafts_is_always_longer_than_one_that_only_verifies(requests: int, tokens: int) -> None:
    verified = seconds(DraftSetup(), requests, tokens)
    for drafting in (
        DraftSetup(tokens=tokens, lookup=draft_cost.BY_GPU),
        DraftSetup(tokens=tokens, mtp=True),
        DraftSetup(tokens=tokens, head=True),
        draft(SMALL, tokens),
    ):
        assert seconds(drafting, requests, tokens) > verified


@given(REQUESTS, TOKENS)
def test_where_nothing_is_drafted_a_model_always_takes_no_time_and_a_lookup_its_time_on_the_host(
    requests: int, tokens: int
) -> None:
    """vLLM schedules a lookup's steps one after the other, even while so many requests run that it drafts nothing."""
    plain = seconds(DraftSetup(), requests, 0)
    assert seconds(draft(SMALL, tokens), requests, 0) == plain
    for lookup in (draft_cost.BY_HOST, draft_cost.BY_GPU):
        looked_up = seconds(DraftSetup(tokens=tokens, lookup=lookup), requests, 0)
        assert looked_up == pytest.approx(plain + lookup.seconds(requests))


@pytest.mark.parametrize(("lookup", "ten"), [(draft_cost.BY_HOST, 2.7e-3), (draft_cost.BY_GPU, 0.45e-3)])
def test_a_lookup_takes_the_same_time_on_every_card(lookup: DraftLookup, ten: float) -> None:
    added = drafted_step.of(replace(published_rows.question(), drafting=DraftSetup(tokens=3, lookup=lookup)))
    assert added is not None
    assert added.work is None
    assert added.on_host(10) == lookup.seconds(10) == pytest.approx(ten)
    longer = seconds(DraftSetup(tokens=3, lookup=lookup), 10, 3) - seconds(DraftSetup(), 10, 3)
    assert longer == pytest.approx(added.on_host(10))


def test_a_draft_without_graphs_takes_what_launching_its_layers_takes_however_small_it_is() -> None:
    plain = seconds(DraftSetup(), 4, 3)
    for model, layers in ((SMALL, 16), (SMALLER, 28)):
        drafting = replace(draft(model, 3), layer_launch_s=draft_cost.LAYER_LAUNCH_S)
        assert seconds(drafting, 4, 3, context=0) - seconds(DraftSetup(), 4, 3, context=0) == pytest.approx(
            3 * layers * draft_cost.LAYER_LAUNCH_S, rel=0.1
        )
    unknown = DraftSetup(tokens=3, layer_launch_s=draft_cost.LAYER_LAUNCH_S)
    assert seconds(unknown, 4, 3) - plain > 3 * draft_cost.USUAL_LAYERS * draft_cost.LAYER_LAUNCH_S * 0.9


def test_each_drafted_token_is_a_pass_of_the_draft() -> None:
    plain = seconds(DraftSetup(), 4, 4)
    once, four_times = (seconds(draft(SMALL, passes), 4, 4) - plain for passes in (1, 4))
    assert four_times == pytest.approx(4 * once)


def test_more_layers_of_a_draft_cost_more_than_more_weights_of_it() -> None:
    plain = seconds(DraftSetup(), 1, 3)
    deep, wide = (seconds(draft(model, 3), 1, 3) - plain for model in (SMALLER, SMALL))
    assert 0 < wide < deep, "28 layers of 0.6 billion parameters, and 16 layers of 1.2 billion"


def test_a_draft_of_unknown_shape_is_taken_for_a_layer_of_its_target_and_an_output_head() -> None:
    deployment = published_rows.question(published_rows.DENSE, tensor=4)
    whole = step_work.of(deployment)
    unknown = drafted_step.of(replace(deployment, drafting=DraftSetup(tokens=2)))
    assert unknown is not None
    assert unknown.work is not None
    head = 2 * 128_256 * 8192 / 4
    assert unknown.work.dense_bytes == pytest.approx((whole.dense_bytes - head) / 80 + head)
    assert unknown.work.layers == 1
    assert (unknown.work.bandwidth, unknown.passes) == (whole.bandwidth, 2)
    assert seconds(DraftSetup(tokens=2), 8, 2) == seconds(DraftSetup(tokens=2, mtp=True), 8, 2)


def test_a_heads_pass_reads_its_layer_and_its_own_output_head() -> None:
    deployment = published_rows.question(published_rows.DENSE, tensor=4)
    whole, found = step_work.of(deployment), drafted_step.of(replace(deployment, drafting=HEAD))
    assert found is not None
    assert found.work is not None
    assert found.head
    numbers = draft_heads.layer(deployment.shape) + draft_heads.output(deployment.shape)
    assert found.work.dense_bytes == numbers * 2 / 4
    assert found.work.dense_operations == 2 * numbers / 4
    assert (found.work.layers, found.work.expert_bytes) == (1, 0)
    assert found.work.context_bytes == pytest.approx(whole.context_bytes / 80)


def test_a_head_of_a_small_vocabulary_takes_less_than_one_of_its_targets() -> None:
    assert seconds(HEAD, 4, 3) < seconds(DraftSetup(tokens=3, mtp=True), 4, 3)


@given(REQUESTS)
def test_no_pass_of_a_draft_is_ever_scheduled_as_a_step_is(requests: int) -> None:
    deployment = published_rows.question(published_rows.DENSE, tensor=4)
    own = drafted_step.of(replace(deployment, drafting=HEAD))
    assert own is not None
    slower = replace(roofline.ASSUMED, step_s=1.0)
    assert own.of_passes(slower, requests).base_s == pytest.approx(own.of_passes(roofline.ASSUMED, requests).base_s)


def test_without_drafting_nothing_is_added() -> None:
    assert drafted_step.of(published_rows.question()) is None
