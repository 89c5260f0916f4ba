"""The endpoints that generate text: completions, chats, and chats in a batch. In vLLM's order: the body's form, the
model's name, the engine's admission, the prompt, the sampler's bounds.
"""

from typing import Any

from aiohttp import web

from fairlead.emulator.surface import errors, fields, prompts, sampling_checks, tools
from fairlead.emulator.surface import generation_requests as asking
from fairlead.emulator.surface import structured_outputs as bounds
from fairlead.emulator.surface.chat import ChatCompletionResponse
from fairlead.emulator.surface.completions import CompletionResponse
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.responder import Responder


class GenerationHandlers:
    """Handlers of the generating endpoints."""

    def __init__(self, front: Responder) -> None:
        self._front = front

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/completions."""
        told = fields.parsed(await request.read(), request.content_type)
        return await self._complete(request, told)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        told = fields.parsed(await request.read(), request.content_type)
        return await self._talk(request, told)

    async def invocation(self, request: web.Request) -> web.StreamResponse:
        """POST /invocations: a chat if the body has messages, else a completion."""
        told = fields.parsed(await request.read(), request.content_type)
        return await (self._talk if "messages" in told else self._complete)(request, told)

    async def batch(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions/batch: a choice for each conversation."""
        told = fields.parsed(await request.read(), request.content_type)
        if told.get("n", 1) not in (None, 1):
            raise errors.bad_request(
                "Batch chat completions do not support `n > 1`. Please set `n` to 1.", "n", told["n"]
            )
        asked = self._chat_asked(told)
        asked.stream = False
        self._front.names.called(asked.model)
        self._front.preflight(len(asked.told["messages"]))
        limits = self._front.limits(asked)
        ids = [prompts.of_chat(messages, limits) for messages in asked.told["messages"]]
        self._settle(asked, max(map(len, ids)), asked.told.get("max_tokens"))
        answer = self._front.answer(request, asked, ids, "chatcmpl-")
        return await self._front.respond(request, answer, ChatCompletionResponse(answer))

    async def _complete(self, request: web.Request, told: JsonObject) -> web.StreamResponse:
        asked = _completion_request(told, force_usage=self._front.served.answering.force_include_usage)
        self._front.names.called(asked.model)
        self._front.preflight(asked.sampling.n)
        if asked.told.get("suffix") is not None:
            raise errors.bad_parameter("suffix is only supported for models with FIM completion rendering", "suffix")
        wanted = asked.told.get("max_tokens", asking.COMPLETION_TOKENS)
        if wanted == 0 and asked.echo:
            wanted = 1
        sampling_checks.check_length(wanted, self._front.served.context_tokens, "max_tokens")
        ids = prompts.of_completion(asked.told.get("prompt"), self._front.limits(asked))
        self._settle(asked, max(map(len, ids)), wanted)
        answer = self._front.answer(request, asked, ids, "cmpl-")
        return await self._front.respond(request, answer, CompletionResponse(answer))

    async def _talk(self, request: web.Request, told: JsonObject) -> web.StreamResponse:
        asked = self._chat_asked(told)
        self._front.names.called(asked.model)
        self._front.preflight(asked.sampling.n)
        ids = self.conversation(asked)
        answer = self._front.answer(request, asked, [ids], "chatcmpl-")
        return await self._front.respond(request, answer, ChatCompletionResponse(answer))

    def conversation(self, asked: GenerationRequest) -> list[int]:
        """A chat's prompt with its tools; also sets the reply's structured output and `max_tokens`."""
        told = asked.told
        answering = self._front.served.answering
        parser = answering.tool_parser is not None
        call = tools.required_call(told, auto=answering.auto_tool_choice and parser, parser=parser)
        asked.bound = call or asked.bound
        name = "max_completion_tokens" if "max_completion_tokens" in told else "max_tokens"
        sampling_checks.check_length(told.get(name), self._front.served.context_tokens, name)
        shown = told.get("tools", ()) if told.get("tool_choice") != "none" else ()
        answer = told.get("add_generation_prompt", True)
        ids = prompts.of_chat(told["messages"], self._front.limits(asked), answer=answer, tools=shown)
        self._settle(asked, len(ids), told.get(name))
        return ids

    def _settle(self, asked: GenerationRequest, prompt_tokens: int, wanted: int | None) -> None:
        """Cap `max_tokens` by the context that is left, then check the sampling parameters."""
        left = self._front.served.context_tokens - prompt_tokens
        asked.sampling.max_tokens = left if wanted is None else min(wanted, left)
        most = self._front.served.answering.max_logprobs
        sampling_checks.check(asked.sampling, max_logprobs=most, vocabulary=self._front.words.vocabulary)

    def _chat_asked(self, told: JsonObject) -> GenerationRequest:
        return chat_request(told, force_usage=self._front.served.answering.force_include_usage)


def chat_request(told: JsonObject, *, force_usage: bool) -> GenerationRequest:
    """A chat request from its body, each field checked by itself and against the others."""
    asking.check_shared(told)
    bounds.check(told)
    tools.check(told)
    asking.check_count(told, "top_logprobs")
    if told.get("top_logprobs") and not told.get("logprobs"):
        raise errors.bad_request("when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs")
    found = fields.needed(told, asking.CHAT, "messages")
    top = found.get("top_logprobs", 0) if found.get("logprobs") else None
    return asking.of(found, logprobs=top, bound=bounds.of(found), force_usage=force_usage)


def _completion_request(told: JsonObject, *, force_usage: bool) -> GenerationRequest:
    prompt: Any = told.get("prompt")
    if prompt is None or prompt == "":
        raise errors.bad_request("Either prompt or prompt_embeds must be provided and non-empty.", "prompt")
    asking.check_shared(told)
    bounds.check(told)
    asking.check_count(told, "logprobs")
    found = fields.checked(told, asking.COMPLETION)
    return asking.of(found, logprobs=found.get("logprobs"), bound=bounds.of(found), force_usage=force_usage)
