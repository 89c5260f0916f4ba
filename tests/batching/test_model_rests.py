"""Models without a replica: what is tried, what waits, and when a model is given up."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching import model_rests
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.model_rests import MAX_TRIED, HeldRequest, ModelRests

GIVE_UP: Final = 1800.0


@pytest.fixture
def rests() -> ModelRests:
    return ModelRests(GIVE_UP)


def one(line: int, model: str = "lost") -> HeldRequest:
    return HeldRequest(
        request=BatchRequest(line=line, custom_id=str(line), url="/v1/completions", model=model, body=b"{}")
    )


def refused(rests: ModelRests, held: HeldRequest, now: float, took_s: float = 300.0) -> bool:
    """The router held it until now, and asks for ten seconds."""
    lasts = rests.refused(held.request, took_s, 10.0, now)
    rests.set_aside(held)
    rests.ended(held.request)
    return lasts


def due(rests: ModelRests, now: float) -> HeldRequest:
    """The request that is tried now."""
    found = rests.due(now)
    assert found is not None
    return found


def test_one_request_is_tried_at_a_time_and_not_before_the_reply_allows_it(rests: ModelRests) -> None:
    assert not rests.must_wait(one(9).request)
    refused(rests, one(1), 300.0)
    rests.set_aside(one(2))
    assert rests.must_wait(one(9).request)
    assert not rests.must_wait(one(9, "chat").request)
    assert rests.due(309.9) is None
    first = due(rests, 310.0)
    assert first == one(1)
    assert not rests.must_wait(first.request)
    assert rests.due(500.0) is None
    rests.ended(one(2).request)  # it was sent before the model rested; another one is tried
    assert rests.due(500.0) is None
    refused(rests, first, 610.0)
    assert rests.due(620.0) == one(2)


def test_an_answer_lets_all_be_sent_and_the_model_is_as_any_other_then(rests: ModelRests) -> None:
    rests.answered("chat")
    for line in range(3):
        refused(rests, one(line), 300.0)
    rests.answered("lost")
    assert not rests.must_wait(one(9).request)
    assert [rests.due(300.0) for _ in range(4)] == [one(0), one(1), one(2), None]
    assert rests.is_empty
    refused(rests, one(4), 400.0)
    assert rests.due(410.0) == one(4)
    rests.answered("lost")
    assert not rests.must_wait(one(9).request)


def test_a_model_that_is_lost_again_while_its_requests_are_sent_rests_anew(rests: ModelRests) -> None:
    refused(rests, one(1), 300.0)
    rests.set_aside(one(2))
    for at in (1000.0, 2000.0, 3000.0, 4000.0, 5000.0):
        assert not refused(rests, due(rests, at), at + 300)
    rests.answered("lost")
    assert not refused(rests, due(rests, 9000.0), 9300.0)
    assert rests.must_wait(one(9).request)
    assert rests.due(9309.0) is None


def test_a_model_without_a_replica_for_long_is_given_up_with_all_that_wait(rests: ModelRests) -> None:
    now = 300.0
    assert not refused(rests, one(1), now)
    rests.set_aside(one(2))
    while not refused(rests, due(rests, now + 75.0), now + 375.0):
        now += 375.0
    assert GIVE_UP < now + 375.0 <= 300.0 + GIVE_UP + 2 * 375.0
    assert {held.request.line for held in rests.given_up("lost")} == {1, 2}
    assert rests.is_empty
    assert rests.must_wait(one(9).request)


def test_requests_that_were_sent_before_the_first_refusal_do_not_make_it_last_longer(rests: ModelRests) -> None:
    assert not any(refused(rests, one(line), 300.0) for line in range(64))


def test_a_few_models_are_tried_at_a_time_and_each_in_its_turn(rests: ModelRests) -> None:
    models = [f"lost{number:02}" for number in range(3 * MAX_TRIED)]
    for line, model in enumerate(models):
        refused(rests, one(line, model), 300.0 + line)
    tried = list[str]()
    for at in (1000.0, 2000.0, 3000.0):
        held = [due(rests, at) for _ in range(MAX_TRIED)]
        assert rests.due(at) is None
        assert all(rests.is_tried(each.request) for each in held)
        for each in held:
            refused(rests, each, at + 300.0)
        tried += [each.request.model for each in held]
    assert tried == models
    assert not rests.is_tried(one(9, "chat").request)


def test_a_request_that_ends_otherwise_lets_the_next_one_be_tried(rests: ModelRests) -> None:
    for line in range(2):
        refused(rests, one(line), 300.0)
    rests.ended(due(rests, 400.0).request)  # 400: it was at fault itself
    assert rests.due(400.0) == one(1)


def test_what_is_set_aside_is_bounded_by_its_bytes(rests: ModelRests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_rests, "MAX_BYTES", 3 * one(0).size)
    for line in range(3):
        assert not rests.is_full
        refused(rests, one(line), 300.0)
    assert rests.is_full
    assert rests.due(310.0) is not None
    assert not rests.is_full


def test_what_found_no_room_is_read_again_once_its_model_serves_or_half_of_the_room_is_free(
    rests: ModelRests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_rests, "MAX_BYTES", 4 * one(0).size)
    for line in range(4):
        refused(rests, one(line, "ab"[line % 2]), 300.0)
    assert not rests.may_take([])
    assert not rests.may_take(["a", "b"])
    assert rests.may_take(["a", "chat"])
    rests.answered("b")
    assert rests.may_take(["a", "b"])
    assert not rests.may_take(["a"])
    assert due(rests, 300.0) == one(1, "b")
    assert not rests.may_take(["a"])
    assert due(rests, 300.0) == one(3, "b")
    assert rests.may_take(["a"])


EVENTS = st.lists(st.tuples(st.sampled_from(["refused", "answered", "ended"]), st.integers(0, 5)), max_size=60)


@given(models=st.lists(st.sampled_from("abc"), min_size=1, max_size=20), events=EVENTS)
def test_no_request_is_ever_lost_or_sent_twice_at_a_time(models: list[str], events: list[tuple[str, int]]) -> None:
    rests, flying, now = ModelRests(GIVE_UP), [one(line, model) for line, model in enumerate(models)], 0.0
    done = list[HeldRequest]()
    for event, place in events:
        now += 100.0
        if flying:
            held = flying.pop(place % len(flying))
            if event == "refused":
                refused(rests, held, now, 100.0)
            else:
                if event == "answered":
                    rests.answered(held.request.model)
                rests.ended(held.request)
                done.append(held)
        if (found := rests.due(now)) is not None:
            flying.append(found)
    left = [held for model in "abc" if rests.must_wait(one(99, model).request) for held in rests.given_up(model)]
    while (found := rests.due(now)) is not None:
        left.append(found)
    assert rests.is_empty
    assert sorted(held.request.line for held in (*flying, *done, *left)) == list(range(len(models)))
