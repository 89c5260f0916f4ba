"""The members of each API's bodies that the router reads, typed, so that the decoder skips all others.

Scalars may have any type here: engines read "64" for 64 and `1` for `true`, and refuse a wrong one themselves. Members
that hold the prompt are typed: text is taken from them without a walk over the rest.
"""

from typing import Any

from msgspec import UNSET, Raw, Struct

NONE: Raw = Raw(b"")
"""The value of a missing member."""


class ContentPart(Struct, gc=False):
    """A piece of a message: text, a tool's call or result, an image, or audio."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    refusal: str | None = None
    name: str | None = None
    tool_name: str | None = None
    tool: Raw = NONE
    content: Raw = NONE
    input: Raw = NONE
    image_url: Raw = NONE
    source: Raw = NONE
    input_audio: Raw = NONE
    audio_url: Raw = NONE
    video_url: Raw = NONE
    file: Raw = NONE

    @property
    def media(self) -> Raw:
        """The content that is not text, of any kind."""
        return self.image_url or self.source or self.input_audio or self.audio_url or self.video_url or self.file


class PromptMessage(Struct, gc=False):
    """One message of a conversation, or one item of Responses' input."""

    role: str = ""
    content: str | list[ContentPart] | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    """Its former name, which some engines still read."""
    tool_calls: Raw = NONE
    tool_call_id: str | None = None
    tools: Raw = NONE
    type: str = ""
    name: str | None = None
    summary: Raw = NONE
    """What an item of Responses says of a model's reasoning."""
    arguments: Raw = NONE
    """Arguments of a call that Responses keeps as an item."""
    output: Raw = NONE


class RequestBody(Struct, gc=False):
    """Members that all bodies may have."""

    model: Any = UNSET
    stream: Any = UNSET
    stream_options: Any = UNSET
    n: Any = UNSET
    temperature: Any = UNSET
    seed: Any = UNSET
    max_tokens: Any = UNSET
    priority: Any = UNSET
    cache: Any = UNSET
    """What the client requests of the response cache; never an engine's."""
    cache_salt: Any = UNSET
    prompt_cache_key: Any = UNSET
    metadata: Raw = NONE
    tools: Raw = NONE
    rid: Raw = NONE
    request_id: Raw = NONE
    disaggregated_params: Raw = NONE
    chat_template: Raw = NONE
    chat_template_kwargs: Raw = NONE


class ChatBody(RequestBody, gc=False):
    """POST /v1/chat/completions."""

    max_completion_tokens: Any = UNSET
    logprobs: Any = UNSET
    response_format: Raw = NONE
    structured_outputs: Raw = NONE
    documents: Raw = NONE
    messages: list[PromptMessage] = []


class CompletionsBody(RequestBody, gc=False):
    """POST /v1/completions; a prompt may be text, tokens, or several of either."""

    logprobs: Any = UNSET
    best_of: Any = UNSET
    response_format: Raw = NONE
    structured_outputs: Raw = NONE
    suffix: str | None = None
    prompt: Any = None


class ResponsesBody(RequestBody, gc=False):
    """POST /v1/responses."""

    max_output_tokens: Any = UNSET
    previous_response_id: Any = UNSET
    text: Raw = NONE
    instructions: str | None = None
    previous_input_messages: Raw = NONE
    input: str | list[PromptMessage] | None = None


class MessagesBody(RequestBody, gc=False):
    """POST /v1/messages."""

    system: str | list[ContentPart] | None = None
    messages: list[PromptMessage] = []


class MessagesMetadata(Struct, gc=False):
    """Anthropic's `metadata`."""

    user_id: str = ""


class EmbeddingsBody(RequestBody, gc=False):
    """POST /v1/embeddings."""

    input: Any = None
    messages: list[PromptMessage] = []


class TokenizeBody(RequestBody, gc=False):
    """POST /tokenize."""

    prompt: Any = None
    messages: list[PromptMessage] = []


class TextsBody(RequestBody, gc=False):
    """POST /v1/rerank, and others with many texts or with none to generate from."""


class FileBody(RequestBody, gc=False):
    """A form or a file: anything but JSON."""

    model_at: tuple[int, int] = (0, 0)
    """Where the name of its model begins and ends, if it has one."""
