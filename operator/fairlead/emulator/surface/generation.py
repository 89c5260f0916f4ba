"""The endpoints that generate text: completions, chats, and batched chats. As vLLM does, they check the body's form,
the model's name, the engine's admission, the prompt, and the sampling bounds, in this order."""

from typing import Any

from aiohttp import web

from fairlead.emulator.surface import errors, fields, generation_requests, prompts, sampling_checks, tools
from fairlead.emulator.surface import structured_outputs as bounds
from fairlead.emulator.surface.chat import ChatCompletionResponse
from fairlead.emulator.surface.completions import CompletionResponse
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.responder import Responder


class GenerationHandlers:
    """Handlers of the generating endpoints, and the reader of chats for `/v1/messages`."""

    reports_cache_apart = False
    opens_before_error = False

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/completions."""
        body = fields.parsed(await request.read(), request.content_type)
        return await self._complete(request, body)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        body = fields.parsed(await request.read(), request.content_type)
        return await self._chat(request, body)

    async def invocation(self, request: web.Request) -> web.StreamResponse:
        """POST /invocations: a chat if the body has messages, else a completion."""
        body = fields.parsed(await request.read(), request.content_type)
        return await (self._chat if "messages" in body else self._complete)(request, body)

    async def batch(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions/batch: a choice for each conversation."""
        body = fields.parsed(await request.read(), request.content_type)
        if body.get("n", 1) not in (None, 1):
            raise errors.bad_request(
                "Batch chat completions do not support `n > 1`. Please set `n` to 1.", "n", body["n"]
            )
        generation = self._chat_request(body)
        generation.stream = False
        self._responder.names.called(generation.model)
        self._responder.preflight(len(generation.body["messages"]))
        limits = self._responder.limits(generation)
        ids = [prompts.of_chat(messages, limits) for messages in generation.body["messages"]]
        self._settle(generation, max(map(len, ids)), generation.body.get("max_tokens"))
        response = self._responder.answer(request, generation, ids, "chatcmpl-")
        return await self._responder.respond(request, response, ChatCompletionResponse(response))

    async def _complete(self, request: web.Request, body: JsonObject) -> web.StreamResponse:
        generation = _completion_request(
            body, force_usage=self._responder.serve_arguments.answering.force_include_usage
        )
        self._responder.names.called(generation.model)
        self._responder.preflight(generation.sampling.n)
        if generation.body.get("suffix") is not None:
            raise errors.bad_parameter("suffix is only supported for models with FIM completion rendering", "suffix")
        wanted = generation.body.get("max_tokens", generation_requests.COMPLETION_TOKENS)
        if wanted == 0 and generation.echo:
            wanted = 1
        sampling_checks.check_length(wanted, self._responder.serve_arguments.context_tokens, "max_tokens")
        ids = prompts.of_completion(generation.body.get("prompt"), self._responder.limits(generation))
        self._settle(generation, max(map(len, ids)), wanted)
        response = self._responder.answer(request, generation, ids, "cmpl-")
        return await self._responder.respond(request, response, CompletionResponse(response))

    async def _chat(self, request: web.Request, body: JsonObject) -> web.StreamResponse:
        generation = self._chat_request(body)
        self._responder.names.called(generation.model)
        self._responder.preflight(generation.sampling.n)
        ids = self.conversation(generation)
        response = self._responder.answer(request, generation, [ids], "chatcmpl-")
        return await self._responder.respond(request, response, ChatCompletionResponse(response))

    def of_messages(self, body: JsonObject) -> GenerationRequest:
        """Read a `/v1/messages` request as a chat."""
        return chat_request(body, force_usage=False)

    def error_type(self, error: ErrorResponse) -> str:
        """Return vLLM's own error type."""
        return error.kind

    def counted(self, tokens: int) -> JsonObject:
        """Build the `count_tokens` response."""
        return {"input_tokens": tokens, "context_management": {"original_input_tokens": tokens}}

    def conversation(self, generation: GenerationRequest) -> list[int]:
        """Read prompt and tools; set the reply's structured output and `max_tokens`."""
        body = generation.body
        answering = self._responder.serve_arguments.answering
        parser = answering.tool_parser is not None
        call = tools.required_call(body, auto=answering.auto_tool_choice and parser, parser=parser)
        generation.structured = call or generation.structured
        name = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        sampling_checks.check_length(body.get(name), self._responder.serve_arguments.context_tokens, name)
        shown = body.get("tools", ()) if body.get("tool_choice") != "none" else ()
        answer = body.get("add_generation_prompt", True)
        ids = prompts.of_chat(body["messages"], self._responder.limits(generation), answer=answer, tools=shown)
        self._settle(generation, len(ids), body.get(name))
        return ids

    def _settle(self, generation: GenerationRequest, prompt_tokens: int, wanted: int | None) -> None:
        """Cap `max_tokens` by the remaining context, then check the sampling parameters."""
        left = self._responder.serve_arguments.context_tokens - prompt_tokens
        generation.sampling.max_tokens = left if wanted is None else min(wanted, left)
        most = self._responder.serve_arguments.answering.max_logprobs
        sampling_checks.check(generation.sampling, max_logprobs=most, vocabulary=self._responder.words.vocabulary)

    def _chat_request(self, body: JsonObject) -> GenerationRequest:
        return chat_request(body, force_usage=self._responder.serve_arguments.answering.force_include_usage)


def chat_request(body: JsonObject, *, force_usage: bool) -> GenerationRequest:
    """Read a chat, and check each field by itself and against the others."""
    generation_requests.check_shared(body)
    bounds.check(body)
    tools.check(body)
    generation_requests.check_count(body, "top_logprobs")
    if body.get("top_logprobs") and not body.get("logprobs"):
        raise errors.bad_request("when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs")
    found = fields.needed(body, generation_requests.CHAT, "messages")
    top = found.get("top_logprobs", 0) if found.get("logprobs") else None
    return generation_requests.of(found, logprobs=top, structured=bounds.of(found), force_usage=force_usage)


def _completion_request(body: JsonObject, *, force_usage: bool) -> GenerationRequest:
    prompt: Any = body.get("prompt")
    if prompt is None or prompt == "":
        raise errors.bad_request("Either prompt or prompt_embeds must be provided and non-empty.", "prompt")
    generation_requests.check_shared(body)
    bounds.check(body)
    generation_requests.check_count(body, "logprobs")
    found = fields.checked(body, generation_requests.COMPLETION)
    return generation_requests.of(
        found, logprobs=found.get("logprobs"), structured=bounds.of(found), force_usage=force_usage
    )
