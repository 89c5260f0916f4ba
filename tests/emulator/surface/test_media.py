"""Images, audio and video: a text model accepts none of them, on any route."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.emulator.serve_arguments import ResponseArguments
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.media import Modalities, check
from tests.emulator.living import run_story
from tests.emulator.surface.pretending import CHAT, serving

pytestmark = pytest.mark.trial(15)

PATH: Final = "/v1/chat/completions"
HELLO: Final[dict[str, Any]] = {"messages": [{"role": "user", "content": "hello there"}], "max_tokens": 6}
PICTURE: Final[dict[str, Any]] = {"type": "image_url", "image_url": {"url": "http://x/cat.png"}}
NOT: Final = "chat is not a multimodal model"
REQUESTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "a chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": [PICTURE]}]}),
    "a chat by another way": ("/invocations", {"messages": [{"role": "user", "content": [PICTURE]}]}),
    "a stream": ("/v1/chat/completions", {"messages": [{"role": "user", "content": [PICTURE]}], "stream": True}),
    "tokens": ("/tokenize", {"messages": [{"role": "user", "content": [PICTURE]}]}),
    "a response": (
        "/v1/responses",
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://x/cat.png"}]}]},
    ),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_picture_for_a_text_model_is_refused_with_vllms_message(what: str) -> None:
    async def story() -> None:
        path, body = REQUESTS[what]
        async with serving() as engine:
            status, answer = await engine.post(path, body)
        error = answer["error"]
        assert (status, error) == (400, {"message": NOT, "type": "BadRequestError", "param": None, "code": 400})

    run_story(story())


def test_a_picture_of_an_anthropic_message_is_refused_in_that_shape() -> None:
    async def story() -> None:
        source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
        content = [{"type": "image", "source": source}, {"type": "text", "text": "what is it?"}]
        async with serving() as engine:
            status, answer = await engine.post(
                "/v1/messages", {"model": "chat", "max_tokens": 3, "messages": [{"role": "user", "content": content}]}
            )
        assert (status, answer) == (400, {"type": "error", "error": {"type": "BadRequestError", "message": NOT}})

    run_story(story())


def test_a_model_with_a_tower_takes_pictures_unless_it_was_started_for_text_alone() -> None:
    async def story() -> None:
        path, body = REQUESTS["a chat"]
        arguments = replace(CHAT, multimodal=True)
        async with serving(arguments) as engine:
            status, _ = await engine.post(path, body | {"max_tokens": 2})
        assert status == 200
        async with serving(replace(arguments, answering=ResponseArguments(language_only=True))) as engine:
            status, answer = await engine.post(path, body)
        assert (status, answer["error"]["message"], answer["error"]["param"]) == (
            400,
            "At most 0 image(s) may be provided in one prompt. (parameter=image)",
            "image",
        )

    run_story(story())


@pytest.mark.parametrize(
    ("limits", "pictures", "message"),
    [
        ({}, 3, None),
        ({"image": 2}, 2, None),
        ({"image": 2}, 3, "At most 2 image(s) may be provided in one prompt. (parameter=image)"),
        (
            {"image": {"count": 0, "width": 512}},
            1,
            "At most 0 image(s) may be provided in one prompt. (parameter=image)",
        ),
        ({"video": 0}, 2, None),
    ],
)
def test_a_prompt_holds_as_many_pictures_as_the_arguments_allow(
    limits: dict[str, object], pictures: int, message: str | None
) -> None:
    """`multimodal/processing/context.py: validate_num_items` counts those of all messages together."""

    async def story() -> None:
        arguments = replace(CHAT, multimodal=True, answering=ResponseArguments(prompt_items=limits))
        messages = [{"role": "user", "content": [PICTURE]}] * pictures
        async with serving(arguments) as engine:
            status, answer = await engine.post(PATH, {"messages": messages, "max_tokens": 2})
        assert (status, answer.get("error", {}).get("message")) == (200 if message is None else 400, message)

    run_story(story())


@pytest.mark.parametrize(
    "content", ["text", None, ["text"], [{"type": "text", "text": "x"}], [{"text": "x"}], [{"type": "refusal"}]]
)
def test_text_is_no_medium(content: object) -> None:
    text, modalities = {"role": "user", "content": content}, Modalities("chat", multimodal=False)
    check([text], modalities)
    with pytest.raises(ErrorResponse, match=NOT):
        check([text, {"role": "user", "content": [PICTURE]}], modalities)


def test_parts_pictures_systems_and_prompt_texts_are_read() -> None:
    async def story() -> None:
        parts = [{"type": "text", "text": "two words"}, {"type": "image_url", "image_url": {"url": "x"}}]
        messages = [{"role": "system", "content": "be kind"}, {"role": "user", "content": parts}]
        body = {"messages": messages, "max_tokens": 2, "return_prompt_text": True, "return_token_ids": True}
        async with serving(replace(CHAT, multimodal=True)) as engine:
            _, whole = await engine.post(PATH, body)
            first = (await engine.events(PATH, body))[0]
            _, bare = await engine.post(PATH, HELLO | {"add_generation_prompt": False})
        assert whole["prompt_text"].startswith("<|system|>be kind<|end|><|user|>two words<|end|><|assistant|>")
        assert whole["usage"]["prompt_tokens"] == len(whole["prompt_token_ids"]) == 265
        assert (first["prompt_text"], first["prompt_token_ids"]) == (whole["prompt_text"], whole["prompt_token_ids"])
        assert bare["usage"]["prompt_tokens"] == 5

    run_story(story())
