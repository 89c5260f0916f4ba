"""`/v1/embeddings`, for engines started with `--runner pooling`: vectors derived from the tokens alone."""

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from fairlead.emulator.surface import errors, fields, generation_requests, prompts, replies
from fairlead.emulator.surface.fields import FieldReader
from fairlead.emulator.surface.generation_requests import SamplingParams
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.surface.reply_manners import request_id
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.response_writers import ResponseContext
from fairlead.emulator.text.draws import numbers

SIZE: Final = 1024
"""Dimensions of an embedding: those of most embedding models of up to a billion weights; `dimensions` lowers it."""
_FIELDS: Final[dict[str, FieldReader]] = {
    "model": fields.text,
    "input": fields.anything,
    "messages": fields.items,
    "encoding_format": fields.text,
    "dimensions": fields.whole,
    "request_id": fields.text,
    "priority": fields.whole,
    "truncate_prompt_tokens": fields.whole,
}
_LONE: Final = SamplingParams(max_tokens=1, seed=0)


class EmbeddingsHandlers:
    """Handler of the embeddings endpoint."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/embeddings: the engine prefills each prompt and generates one token, which stands for the vector."""
        body = fields.parsed(await request.read(), request.content_type)
        if "input" not in body and "messages" not in body:
            raise fields.missing("input", body)
        found = fields.checked(body, _FIELDS)
        generation = generation_requests.of(found, logprobs=None, structured=None, force_usage=False)
        generation.sampling = _LONE
        model, adapter = self._responder.names.called(generation.model)
        limits = self._responder.limits(generation)
        if "messages" in found:
            ids = [prompts.of_chat(found["messages"], limits)]
        else:
            ids = prompts.of_completion(found.get("input"), limits)
        self._responder.preflight(len(ids))
        end = self._responder.words.end
        generated = [GeneratedReply(ids=[end], text="", ends=[0], finish="length") for _ in ids]
        response = ResponseContext(
            request=generation,
            prompts=ids,
            replies=generated,
            answer_id="embd-" + request_id(request, generation),
            created=int(self._responder.clock()),
            model=model,
            adapter=adapter,
            tokenizer=self._responder.words,
            fingerprint=self._responder.fingerprint,
        )
        return await self._responder.waited(
            request, self._responder.job(request, response), _EmbeddingResponse(response, found)
        )


class _EmbeddingResponse:
    """Writes one embeddings response."""

    def __init__(self, response: ResponseContext, found: dict[str, Any]) -> None:
        self._response = response
        self._size = found.get("dimensions", SIZE)
        self._packed = found.get("encoding_format") == "base64"
        if self._size < 1 or self._size > SIZE:
            raise errors.bad_request(
                f"dimensions must be between 1 and {SIZE}, got {self._size}.", "dimensions", self._size
            )

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response, with a vector for each prompt."""
        del outs, finishes, job
        response = self._response
        data = [
            {"index": index, "object": "embedding", "embedding": self._vector(prompt)}
            for index, prompt in enumerate(response.prompts)
        ]
        count = response.prompt_tokens
        usage = {"prompt_tokens": count, "total_tokens": count, "completion_tokens": 0, "prompt_tokens_details": None}
        head = {"id": response.answer_id, "object": "list", "created": response.created, "model": response.model}
        return {**head, "data": data, "usage": usage}

    def _vector(self, prompt: Sequence[int]) -> list[float] | str:
        drawn = numbers(replies.seed_of(prompt, _LONE, 0, None), self._size)
        plain = [number - 32_767.5 for number in drawn]
        length = math.sqrt(sum(number * number for number in plain))
        vector = [number / length for number in plain]
        if self._packed:
            return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        return vector
