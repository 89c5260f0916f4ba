"""The endpoints of TensorRT-LLM that generate text, and the probe that does."""

from typing import Final

from aiohttp import web

from fairlead.emulator.surface import fields, prompts, tools
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.structured_outputs import StructuredOutput
from fairlead.emulator.tensorrt_llm import requests
from fairlead.emulator.tensorrt_llm.chat import TensorRtChat
from fairlead.emulator.tensorrt_llm.completions import TensorRtCompletion

NO_LIMIT: Final = 1 << 40
"""The context while a prompt is read: its length is checked afterwards."""


class TensorRtGenerationHandlers:
    """Handlers of these endpoints."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/completions."""
        generation = requests.completion(fields.parsed(await request.read(), request.content_type))
        ids = prompts.of_completion(generation.body["prompt"], self._limits())
        requests.settle(generation, ids, generation.body.get("max_tokens"), self._responder.serve_arguments)
        response = self._responder.answer(request, generation, ids, "cmpl-")
        return await self._responder.respond(request, response, TensorRtCompletion(response))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        return await self._chat(request, fields.parsed(await request.read(), request.content_type))

    async def health_generate(self, request: web.Request) -> web.Response:
        """GET /health_generate: a token of a chat, queued behind all other requests."""
        message = {"role": "user", "content": "hi"}
        body = {
            "model": self._responder.serve_arguments.names[0],
            "messages": [message],
            "max_tokens": 1,
            "temperature": 0,
        }
        try:
            await self._chat(request, body)
        except ErrorResponse:
            return web.Response(text="Generation health check failed", status=500)
        return web.Response(text="Generation health check OK")

    async def _chat(self, request: web.Request, body: JsonObject) -> web.StreamResponse:
        generation = requests.chat(body)
        ids = self._conversation(generation)
        response = self._responder.answer(request, generation, [ids], "chatcmpl-")
        return await self._responder.respond(request, response, TensorRtChat(response))

    def _conversation(self, generation: GenerationRequest) -> list[int]:
        """Read prompt and tools; set the reply's form and length, and the adapter."""
        body = generation.body
        generation.structured = self._call(body) or generation.structured
        ids = [prompts.of_chat(body["messages"], self._limits(), tools=body.get("tools", ()))]
        wanted = body.get("max_tokens", body.get("max_completion_tokens"))
        requests.settle(generation, ids, wanted, self._responder.serve_arguments)
        return ids[0]

    def _call(self, body: JsonObject) -> StructuredOutput | None:
        """By default no call; without a parser only one that the client names."""
        choice = body.get("tool_choice") or "none"
        parser = self._responder.serve_arguments.answering.tool_parser is not None
        if not body.get("tools") or choice == "none" or not (parser or isinstance(choice, dict)):
            return None
        tools.check(body)
        return tools.required_call(body, auto=True, parser=True)

    def _limits(self) -> PromptLimits:
        return PromptLimits(NO_LIMIT, self._responder.words, modalities=self._responder.senses)
