"""From a parsed request to its response: submits the job to the engine, streams or waits, and ends.

Endpoints differ in how they read requests and write responses; everything between is here, once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import replies, reply_manners
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import EngineJob, EngineRefusal, JobHandle
from fairlead.emulator.surface.jobs import JobSequence as One
from fairlead.emulator.surface.media import Modalities
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.replies import ReplyGenerator
from fairlead.emulator.surface.reply_manners import ReplyManners
from fairlead.emulator.surface.response_writers import ResponseContext, ResponseWriter, StreamingResponseWriter
from fairlead.emulator.surface.streams import ConnectionCut, ResponseProgress, ResponseStream
from fairlead.emulator.text import tokenizer

_EVENT_STREAM_HEADERS: Final = {"Content-Type": "text/event-stream; charset=utf-8"}


class Responder:
    """The part of a response that all endpoints share."""

    def __init__(
        self,
        serve_arguments: ServeArguments,
        client: EngineClient,
        control: EngineControl,
        clock: Callable[[], float],
        manners: ReplyManners = reply_manners.VLLM,
    ) -> None:
        self.serve_arguments = serve_arguments
        self.control = control
        self.clock = clock
        self.names = manners.names(serve_arguments, control, clock)
        self.words = tokenizer.of(serve_arguments.vocabulary)
        self.fingerprint = manners.fingerprint(serve_arguments)
        answering = serve_arguments.answering
        self.senses = Modalities(
            serve_arguments.names[0], serve_arguments.multimodal, answering.language_only, answering.prompt_items
        )
        self._client = client
        self._manners = manners
        self._speaker = ReplyGenerator(
            tokenizer=self.words,
            mean_tokens=answering.reply_tokens,
            invalid_rate=answering.invalid_json_rate,
            seed=answering.reply_seed,
        )

    def limits(self, generation: GenerationRequest) -> PromptLimits:
        """Return the limits of the request's prompts."""
        body = generation.body
        left = body.get("truncation_side") == "right"
        cut = body.get("truncate_prompt_tokens")
        return PromptLimits(
            self.serve_arguments.context_tokens, self.words, cut, keep_left=left, modalities=self.senses
        )

    def preflight(self, sequences: int) -> None:
        """Refuse before the prompt is read, if the engine would refuse."""
        refusal = self._client.refusal(max(1, sequences))
        if refusal is not None:
            raise self._refused(refusal)

    def answer(
        self, request: web.Request, generation: GenerationRequest, prompts: Sequence[list[int]], prefix: str
    ) -> ResponseContext:
        """Generate the whole response before any of it is sent."""
        model, named = self.names.called(generation.model)
        adapter = named or generation.adapter
        structured, sampling = generation.structured, generation.sampling
        generated = [
            self._speaker.reply(sampling, structured, replies.seed_of(prompt, sampling, place, adapter))
            for prompt in prompts
            for place in range(sampling.n)
        ]
        answering = self.serve_arguments.answering
        return ResponseContext(
            request=generation,
            prompts=prompts,
            replies=generated,
            answer_id=self._manners.answer_id(request, generation, prefix),
            created=int(self.clock()),
            model=model,
            adapter=adapter,
            tokenizer=self.words,
            fingerprint=self.fingerprint,
            details=answering.prompt_tokens_details,
            reasoning=bool(answering.reasoning_parser),
            parsed=answering.tool_parser is not None or bool(answering.reasoning_parser),
            timed=answering.per_request_metrics,
        )

    def job(self, request: web.Request, response: ResponseContext) -> EngineJob:
        """Return the engine's job for a response."""
        generation = response.request
        sequences = tuple(
            One(
                prompt_ids=response.prompt_of(index),
                reply_ids=reply.ids,
                finish=reply.finish,
                max_tokens=generation.sampling.max_tokens,
                adapter=response.adapter,
                salt=generation.salt,
            )
            for index, reply in enumerate(response.replies)
        )
        return EngineJob(
            request_id=response.answer_id,
            sequences=sequences,
            each_step=generation.stream,
            priority=self._manners.priority(request, generation),
            n=generation.sampling.n,
            rank=_rank(request),
        )

    async def respond(
        self, request: web.Request, response: ResponseContext, writer: StreamingResponseWriter
    ) -> web.StreamResponse:
        """Submit the job; stream the response, or wait for all of it."""
        job = self.job(request, response)
        if response.request.stream:
            return await self._streamed(request, job, writer)
        return await self.waited(request, job, writer)

    async def waited(self, request: web.Request, job: EngineJob, writer: ResponseWriter) -> web.Response:
        """Return the whole response, after its last token."""
        progress = ResponseProgress(len(job.sequences))
        handle = self._taken(job, progress)
        try:
            await progress.done
        except asyncio.CancelledError:
            handle.cancel()
            raise
        except ErrorResponse:
            self._cut_failed()
            raise
        body = writer.whole(progress.outs, progress.finishes, handle)
        return web.Response(
            body=answers.compact_json(body),
            content_type="application/json",
            headers=self._manners.headers(request, self.control),
        )

    async def _streamed(
        self, request: web.Request, job: EngineJob, writer: StreamingResponseWriter
    ) -> web.StreamResponse:
        """Send the headers at once; a later error is an event, and the stream still ends cleanly."""
        transport = request.transport
        if transport is None:
            raise ConnectionCut
        framed = request.version >= (1, 1)
        stream = ResponseStream(writer, len(job.sequences), transport, framed=framed)
        handle = self._client.submit(job, stream)
        if isinstance(handle, EngineRefusal) and not self._manners.refuses_in_stream(handle):
            raise self._refused(handle)
        response = web.StreamResponse(headers=_EVENT_STREAM_HEADERS)
        if framed:
            response.enable_chunked_encoding()
        if isinstance(handle, EngineRefusal):
            await response.prepare(request)
            stream.fail(self._refused(handle))
        else:
            await self._written(request, response, stream, handle)
        await response.write_eof()
        return response

    def _taken(self, job: EngineJob, listener: ResponseProgress) -> JobHandle:
        handle = self._client.submit(job, listener)
        if isinstance(handle, EngineRefusal):
            raise self._refused(handle)
        return handle

    def _refused(self, refusal: EngineRefusal) -> ErrorResponse:
        return self._manners.refused(refusal, self._client.lag_seconds)

    def _cut_failed(self) -> None:
        """Drop the connection of a reply that failed inside the engine, if this kind of engine does."""
        if self._manners.cuts_failed:
            raise ConnectionCut

    async def _written(
        self, request: web.Request, response: web.StreamResponse, stream: ResponseStream, job: JobHandle
    ) -> None:
        """Write the whole stream of an accepted job, or as much as there is before it fails."""
        try:
            await response.prepare(request)
            await stream.done
            stream.close(job)
        except asyncio.CancelledError:
            job.cancel()
            raise
        except ErrorResponse as no:
            self._cut_failed()
            stream.fail(no)


def _rank(request: web.Request) -> int | None:
    found = reply_manners.from_header(request, "X-data-parallel-rank", -1)
    return None if found < 0 else found
