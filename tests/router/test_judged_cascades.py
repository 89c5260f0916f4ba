"""Cascades whose models break or whose last answer is invalid: what a held answer is replaced by."""

import json
from pathlib import Path

import pytest

from tests.router.gateways import gateway, posted, target, written
from tests.router.planes import Raw, events, run_story
from tests.router.test_judged_answers import BAD, CHAT, FORM, GOOD, QUESTION, answer, bodies_of, cascade, stream


@pytest.mark.parametrize("action", ["Retry", "Escalate"])
def test_an_invalid_answer_of_a_cascades_last_model_is_treated_as_its_route_says(tmp_path: Path, action: str) -> None:
    """The cascade's own check, which fails as well, has no larger model to send it to."""

    async def story() -> None:
        async with (
            Raw(answer(BAD)).listening() as small,
            Raw(answer(BAD), answer(GOOD)).listening() as large,
            Raw(answer(GOOD)).listening() as other,
        ):
            targets = [target("s", small.address), target("l", large.address), target("o", other.address)]
            route = cascade("s", "l", check="JsonSchema") | {"onInvalid": action, "fallback": {"targets": ["ns/o"]}}
            async with gateway(written(tmp_path, targets, [route])) as router:
                _, headers, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert json.loads(text)["choices"][0]["message"]["content"] == GOOD
                assert headers["x-fairlead-target"] == {"Retry": "ns/l", "Escalate": "ns/o"}[action]
                assert headers["x-fairlead-escalated"] == "schema; from=ns/l"
                assert (len(small.seen), len(large.seen)) == (1, {"Retry": 2, "Escalate": 1}[action])

    run_story(story())


def test_no_probabilities_are_requested_of_a_cascades_last_model_whose_output_is_checked_for_its_form(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with Raw(answer(BAD)).listening() as small, Raw(answer(GOOD)).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            route = cascade("s", "l", check="Confidence", minConfidence=0.5) | {"onInvalid": "Retry"}
            async with gateway(written(tmp_path, targets, [route])) as router:
                _, _, text = await posted(router, QUESTION | {"response_format": FORM}, CHAT)
                assert json.loads(text)["choices"][0]["message"]["content"] == GOOD
                assert ["logprobs" in one for (one,) in (bodies_of(small), bodies_of(large))] == [True, False]

    run_story(story())


@pytest.mark.parametrize("helped", [True, False])
def test_a_small_stream_that_ends_with_an_error_while_it_is_held_goes_on_to_the_larger_model(
    tmp_path: Path, *, helped: bool
) -> None:
    async def story() -> None:
        error = b'{"error":{"message":"it broke","code":500}}'
        half = events(b'{"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}', error)
        async with Raw(half).listening() as small, Raw(*[stream("three")] * helped).listening() as large:
            targets = [target("s", small.address), target("l", large.address)]
            config = written(tmp_path, targets, [cascade("s", "l")])
            async with gateway(config, log=tmp_path / "log") as router:
                _, _, text = await posted(router, QUESTION | {"stream": True}, CHAT)
                assert ["three" in text, "one" in text, "it broke" in text] == [helped, not helped, not helped]
        (line,) = [json.loads(one) for one in (tmp_path / "log").read_text().splitlines()]
        assert line.get("cut", False) is not helped
        assert (line["target"], line.get("escalated")) == (
            ("ns/l", "engine_error; from=ns/s") if helped else ("ns/s", None)
        )

    run_story(story())
