"""SGLang's endpoints that generate text. As SGLang does, they check the body's form, the prompt, its length, the
sampling bounds and the adapter, in this order; the scheduler's queue comes last."""

from typing import Final

from aiohttp import web

from fairlead.emulator.sglang import errors, requests
from fairlead.emulator.sglang.chat import SglangChat
from fairlead.emulator.sglang.completions import SglangCompletion
from fairlead.emulator.sglang.names import SglangModelNames
from fairlead.emulator.surface import fields, generation_requests, prompts, tools
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.structured_outputs import StructuredOutput

NO_LIMIT: Final = 1 << 40
"""The context while a prompt is read: its length is checked afterwards, with SGLang's errors."""
BETWEEN_PARTS: Final = " "
"""The texts of one message are joined by a space, as a run showed."""


class SglangGenerationHandlers:
    """Handlers of the generating endpoints, and the reader of chats for `/v1/messages`."""

    reports_cache_apart = True
    opens_before_error = True

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/completions."""
        generation = requests.completion(fields.parsed(await request.read(), request.content_type))
        ids = prompts.of_completion(generation.body["prompt"], self._limits())
        wanted = generation.body.get("max_tokens", generation_requests.COMPLETION_TOKENS)
        requests.settle(generation, ids, wanted, self._responder.serve_arguments)
        self._choose(generation)
        response = self._responder.answer(request, generation, ids, "")
        return await self._responder.respond(request, response, SglangCompletion(response))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions and /invocations."""
        generation = requests.chat(fields.parsed(await request.read(), request.content_type))
        ids = self.conversation(generation)
        response = self._responder.answer(request, generation, [ids], "")
        return await self._responder.respond(request, response, SglangChat(response))

    def of_messages(self, body: JsonObject) -> GenerationRequest:
        """Read a request for a message as a chat."""
        return requests.chat(body)

    def conversation(self, generation: GenerationRequest) -> list[int]:
        """Read prompt and tools; set the reply's form and length, and the adapter."""
        body = generation.body
        generation.structured = self._call(body) or generation.structured
        shown = body.get("tools", ()) if body.get("tool_choice") != "none" else ()
        ids = [prompts.of_chat(body["messages"], self._limits(), tools=shown)]
        wanted = body.get("max_completion_tokens") or body.get("max_tokens") or None
        requests.settle(generation, ids, wanted, self._responder.serve_arguments)
        self._choose(generation)
        return ids[0]

    def error_type(self, error: ErrorResponse) -> str:
        """Return Anthropic's word for an error."""
        return errors.anthropic_type(error)

    def counted(self, tokens: int) -> JsonObject:
        """Build the `count_tokens` response."""
        return {"input_tokens": tokens}

    def _call(self, body: JsonObject) -> StructuredOutput | None:
        """Return the tool call that the reply must be; without a parser the reply stays text."""
        choice, offered = body.get("tool_choice"), body.get("tools")
        if choice not in (None, "none", "auto") and not offered:
            which = "required" if choice == "required" else "a specific tool"
            raise errors.bad_request(f"Tools cannot be empty if tool choice is set to {which}.")
        if isinstance(choice, dict):
            name = (choice.get("function") or {}).get("name")
            if all(name != (tool.get("function") or {}).get("name") for tool in offered or ()):
                raise errors.bad_request(f"Tool '{name}' not found in tools list.")
        if self._responder.serve_arguments.answering.tool_parser is None:
            return None
        return tools.required_call(body, auto=True, parser=True)

    def _choose(self, generation: GenerationRequest) -> None:
        """Choose the adapter that the body names beside the model; one in the model's name takes precedence."""
        path = generation.body.get("lora_path")
        names = self._responder.names
        if isinstance(path, str) and path and isinstance(names, SglangModelNames):
            generation.adapter = names.loaded(path)

    def _limits(self) -> PromptLimits:
        return PromptLimits(
            NO_LIMIT, self._responder.words, modalities=self._responder.senses, between_parts=BETWEEN_PARTS
        )
