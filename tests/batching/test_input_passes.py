"""Passes over the input: each line is sent by one of them, however many find no room."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.input_passes import InputPasses


def of_models(models: list[str]) -> list[BatchRequest]:
    return [
        BatchRequest(line=line, custom_id=str(line), url="/v1/completions", model=model, body=b"{}")
        for line, model in enumerate(models, start=1)
    ]


@given(st.lists(st.sampled_from("abc"), max_size=20), st.lists(st.booleans(), max_size=40))
def test_each_line_is_sent_once_and_those_of_a_model_in_their_order(models: list[str], rooms: list[bool]) -> None:
    passes, lines, sent = InputPasses(), of_models(models), list[BatchRequest]()
    while True:
        for line in lines:
            if passes.sends(line):
                if rooms.pop() if rooms else True:
                    sent.append(line)
                else:
                    passes.leave(line)
        if not passes.left:
            break
        passes.begin_next()
    for model in "abc":
        of_model = [line.line for line in lines if line.model == model]
        assert [line.line for line in sent if line.model == model] == of_model


def test_a_pass_sends_what_the_last_one_left_and_no_other_models() -> None:
    passes, lines = InputPasses(), of_models(["a", "b", "a", "b", "a"])
    assert all(map(passes.sends, lines))
    passes.leave(lines[2])
    assert [passes.sends(line) for line in lines[2:]] == [False, True, False]
    assert list(passes.left) == ["a"]
    passes.begin_next()
    assert [line.line for line in lines if passes.sends(line)] == [3, 5]
    assert not passes.left
