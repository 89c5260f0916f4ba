"""What vLLM 0.32 refuses, and with which words: vllm.md part 3 row by row, completed from a live server on CPU.

Clients and routers match on these bodies, so the words are compared exactly.
"""

from typing import Final

from tests.conformance.endpoint import MODEL
from tests.conformance.refusal import (
    CHAT,
    COMPLETIONS,
    HELLO,
    OF_WEATHER,
    TOO_LONG,
    WEATHER,
    Refusal,
    invalid,
    message_with,
    of_body,
    of_chat,
    of_completion,
    unknown,
)
from tests.conformance.servers import CONTEXT

LIMITS: Final[dict[str, Refusal]] = {
    "more tokens asked for than the context holds": of_completion(
        f"max_tokens=5000 cannot be greater than max_model_len={CONTEXT}. Please request fewer output tokens. "
        "(parameter=max_tokens, value=5000)",
        "max_tokens",
        max_tokens=5000,
    ),
    "the same in a chat": of_chat(
        f"max_tokens=5000 cannot be greater than max_model_len={CONTEXT}. Please request fewer output tokens. "
        "(parameter=max_tokens, value=5000)",
        "max_tokens",
        max_tokens=5000,
    ),
    "the same by the chat's newer name": of_chat(
        f"max_completion_tokens=5000 cannot be greater than max_model_len={CONTEXT}. Please request fewer output "
        "tokens. (parameter=max_completion_tokens, value=5000)",
        "max_completion_tokens",
        max_completion_tokens=5000,
    ),
    "no tokens asked for": of_completion(
        "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)", "max_tokens", max_tokens=0
    ),
    "fewer than none": of_completion(
        "max_tokens must be at least 1, got -1. (parameter=max_tokens, value=-1)", "max_tokens", max_tokens=-1
    ),
    "no tokens asked for in a chat": of_chat(
        "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)", "max_tokens", max_tokens=0
    ),
    "a prompt that leaves no room for a token": of_completion(
        "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)",
        "max_tokens",
        prompt=[7] * CONTEXT,
        max_tokens=2,
    ),
    "n of none": of_completion("n must be at least 1, got 0.", n=0),
    "n beyond reason": of_completion(
        "n must be at most 16384, got 100000. To increase this limit, set the VLLM_MAX_N_SEQUENCES environment "
        "variable.",
        n=100000,
    ),
    "a negative temperature": of_completion(
        "temperature must be non-negative, got -1.0. (parameter=temperature, value=-1.0)", "temperature", temperature=-1
    ),
    "top_p above one": of_completion(
        "top_p must be in (0, 1], got 2.0. (parameter=top_p, value=2.0)", "top_p", top_p=2
    ),
    "top_p of none": of_completion("top_p must be in (0, 1], got 0.0. (parameter=top_p, value=0.0)", "top_p", top_p=0),
    "top_k below none": of_completion("top_k must be 0 (disable), or at least 1, got -5.", top_k=-5),
    "min_p above one": of_completion("min_p must be in [0, 1], got 2.0.", min_p=2),
    "a penalty out of range": of_completion("presence_penalty must be in [-2, 2], got 5.0.", presence_penalty=5),
    "a repetition penalty of none": of_completion(
        "repetition_penalty must be greater than zero, got 0.0.", repetition_penalty=0
    ),
    "more tokens at least than at most": of_completion(
        "min_tokens must be less than or equal to max_tokens=2, got 5.", min_tokens=5, max_tokens=2
    ),
    "more log probabilities than are allowed": of_completion(
        "Requested sample logprobs of 1000, which is greater than max allowed: 20 (parameter=logprobs, value=1000)",
        "logprobs",
        logprobs=1000,
    ),
    "the same in a chat ": of_chat(
        "Requested sample logprobs of 1000, which is greater than max allowed: 20 (parameter=logprobs, value=1000)",
        "logprobs",
        logprobs=True,
        top_logprobs=1000,
    ),
    "log probabilities below none": of_completion(
        "`logprobs` must be a positive value or -1. (parameter=logprobs, value=-3)", "logprobs", logprobs=-3
    ),
    "top log probabilities without log probabilities": of_chat(
        "when using `top_logprobs`, `logprobs` must be set to true. (parameter=top_logprobs)",
        "top_logprobs",
        top_logprobs=3,
    ),
}
PROMPTS: Final[dict[str, Refusal]] = {
    "a prompt of one token too many": of_completion(
        f"{TOO_LONG}at least {CONTEXT + 1} input tokens, which exceeds this limit even without any output tokens. "
        f"Please reduce the length of the input prompt. (parameter=input_tokens, value={CONTEXT + 1})",
        "input_tokens",
        prompt=[7] * (CONTEXT + 1),
    ),
    "no prompt": Refusal(
        route=COMPLETIONS,
        body={"model": MODEL},
        message="Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)",
        param="prompt",
    ),
    "an empty prompt": of_completion(
        "Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)", "prompt", prompt=""
    ),
    "a list of no prompts": of_completion("You must pass at least one prompt", prompt=[]),
    "a token that is not in the vocabulary": of_completion("Token id 9999999 is out of vocabulary", prompt=[9999999]),
    "a conversation of nothing": of_chat(
        "Cannot apply chat template to an empty conversation. Provide at least one message.", messages=[]
    ),
    "a salt of nothing": of_completion(
        "Parameter 'cache_salt' must be a non-empty string if provided. (parameter=cache_salt)",
        "cache_salt",
        cache_salt="",
    ),
    "a salt that is a number": of_completion(
        "Parameter 'cache_salt' must be a non-empty string if provided. (parameter=cache_salt)",
        "cache_salt",
        cache_salt=5,
    ),
    "a stop of nothing": of_completion("stop cannot contain an empty string.", stop=[""]),
    "a suffix": of_completion(
        "suffix is only supported for models with FIM completion rendering", "suffix", suffix="world"
    ),
    "options of a stream without a stream": of_completion(
        "Stream options can only be defined when `stream=True`. (parameter=stream_options)",
        "stream_options",
        stream_options={"include_usage": True},
    ),
    "the same in a chat": of_chat(
        "Stream options can only be defined when `stream=True`. (parameter=stream_options)",
        "stream_options",
        stream_options={"include_usage": True},
    ),
}
TOOLS: Final[dict[str, Refusal]] = {
    "tools to choose from without a parser": of_chat(
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        tools=[WEATHER],
        tool_choice="auto",
    ),
    "tools and no word of choosing": of_chat(
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', tools=[WEATHER]
    ),
    "some tool required without a parser": of_chat(
        'tool_choice="required" requires --tool-call-parser to be set', tools=[WEATHER], tool_choice="required"
    ),
    "one tool required without a parser": of_chat(
        'tool_choice=function "weather" requires --tool-call-parser to be set', tools=[WEATHER], tool_choice=OF_WEATHER
    ),
    "a tool that is not among the tools": of_chat(
        "The tool specified in `tool_choice` does not match any of the specified `tools` (parameter=tool_choice)",
        "tool_choice",
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "nope"}},
    ),
    "a choice of tools without tools": of_chat(
        "When using `tool_choice`, `tools` must be set. (parameter=tool_choice)", "tool_choice", tool_choice="required"
    ),
    "a choice that is none": of_chat(
        'Invalid value for `tool_choice`: sometimes! Only named tools, "none", "auto" or "required" are '
        "supported. (parameter=tool_choice)",
        "tool_choice",
        tools=[WEATHER],
        tool_choice="sometimes",
    ),
    "tools that are none": of_chat(
        "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely. "
        "(parameter=tools)",
        "tools",
        tools=[],
    ),
    "a schema that is not there": of_completion(
        "When response_format type is 'json_schema', the 'json_schema' field must be provided. "
        "(parameter=response_format)",
        "response_format",
        response_format={"type": "json_schema"},
    ),
    "two kinds of structure at once": of_completion(
        "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice'). "
        "(parameter=structured_outputs)",
        "structured_outputs",
        structured_outputs={"json": {"type": "object"}, "regex": "a"},
    ),
}
TEXT_ALONE: Final = f"{MODEL} is not a multimodal model"
MEDIA: Final[dict[str, Refusal]] = {
    "a picture for a model of text": of_chat(
        TEXT_ALONE, messages=[message_with("image_url", image_url={"url": "data:image/png;base64,iVBORw0KGgo="})]
    ),
    "a sound for a model of text": of_chat(
        TEXT_ALONE, messages=[message_with("input_audio", input_audio={"data": "UklGRg==", "format": "wav"})]
    ),
    "a sound that lies elsewhere": of_chat(
        TEXT_ALONE, messages=[message_with("audio_url", audio_url={"url": "http://127.0.0.1:1/a.wav"})]
    ),
    "a film for a model of text": of_chat(
        TEXT_ALONE, messages=[message_with("video_url", video_url={"url": "http://127.0.0.1:1/a.mp4"})]
    ),
    "a picture earlier in the conversation": of_chat(
        TEXT_ALONE, messages=[message_with("image_url", image_url={"url": "http://127.0.0.1:1/a.png"}), *HELLO]
    ),
    "a picture that was encoded already": of_chat(
        "The model is not multimodal.", messages=[message_with("image_embeds", image_embeds="AAAA")]
    ),
}
BODIES: Final[dict[str, Refusal]] = {
    "a model that is not served": unknown(COMPLETIONS, {"prompt": "x"}),
    "the same in a chat": unknown(CHAT, {"messages": HELLO}),
    "the same in a response": unknown("/v1/responses", {"input": "x"}),
    "the same of a tokenizer": unknown("/tokenize", {"prompt": "x"}),
    "the same of a detokenizer": unknown("/detokenize", {"tokens": [1]}),
    "a list for a body": of_body(
        COMPLETIONS,
        [1],
        invalid(
            "model_attributes_type",
            "body",
            "Input should be a valid dictionary or object to extract fields from",
            "'<list of 1 items>'",
        ),
        "body",
    ),
    "a conversation without messages": of_body(
        CHAT,
        {"model": MODEL},
        invalid("missing", "body.messages", "Field required", "'<dict of 1 items>'"),
        "body.messages",
    ),
    "messages that are a text": of_body(
        CHAT,
        {"model": MODEL, "messages": "hello"},
        invalid("list_type", "body.messages", "Input should be a valid list", "'hello'"),
        "body.messages",
    ),
    "a number that is a word": of_body(
        COMPLETIONS,
        {"model": MODEL, "prompt": "x", "max_tokens": "many"},
        invalid(
            "int_parsing",
            "body.max_tokens",
            "Input should be a valid integer, unable to parse string as an integer",
            "'many'",
        ),
        "body.max_tokens",
    ),
    "tokens that are words": of_body(
        "/detokenize",
        {"model": MODEL, "tokens": ["x"]},
        invalid(
            "int_parsing",
            "body.tokens.0",
            "Input should be a valid integer, unable to parse string as an integer",
            "'x'",
        ),
        "body.tokens.0",
    ),
    "a response to nothing": of_body(
        "/v1/responses",
        {"model": MODEL},
        invalid("missing", "body.input", "Field required", "'<dict of 2 items>'"),
        "body.input",
    ),
}
