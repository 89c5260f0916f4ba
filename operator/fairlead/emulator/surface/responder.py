"""From a parsed request to its response: submit the job to the engine, stream or wait, end.

Endpoints differ in how they read requests and write responses; everything between is here, once.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from secrets import token_hex
from typing import Final

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import errors, replies
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import EngineJob, EngineRefusal, JobHandle
from fairlead.emulator.surface.jobs import JobSequence as One
from fairlead.emulator.surface.media import Modalities
from fairlead.emulator.surface.model_names import ServedModelNames
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.replies import ReplyGenerator
from fairlead.emulator.surface.response_writers import ResponseContext, ResponseWriter, StreamingResponseWriter
from fairlead.emulator.surface.streams import ConnectionCut, ResponseProgress, ResponseStream
from fairlead.emulator.text import tokenizer

VERSION: Final = "0.32.0"
_EVENT_STREAM_HEADERS: Final = {"Content-Type": "text/event-stream; charset=utf-8"}


class Responder:
    """The part of a response that all endpoints share."""

    def __init__(
        self, served: ServeArguments, driver: EngineClient, acts: EngineControl, clock: Callable[[], float]
    ) -> None:
        self.served = served
        self.acts = acts
        self.clock = clock
        self.names = ServedModelNames(served, acts, clock)
        self.words = tokenizer.of(served.vocabulary)
        self.fingerprint = _fingerprint(served)
        self.senses = Modalities(served.names[0], served.multimodal, served.answering.language_only)
        self._driver = driver
        answering = served.answering
        self._speaker = ReplyGenerator(
            words=self.words,
            mean_tokens=answering.reply_tokens,
            invalid_rate=answering.invalid_json_rate,
            seed=answering.reply_seed,
        )

    def limits(self, generation: GenerationRequest) -> PromptLimits:
        """The limits of the request's prompts."""
        body = generation.body
        left = body.get("truncation_side") == "right"
        cut = body.get("truncate_prompt_tokens")
        return PromptLimits(self.served.context_tokens, self.words, cut, keep_left=left, senses=self.senses)

    def preflight(self, sequences: int) -> None:
        """Refuse before the prompt is read, if the engine would refuse."""
        refusal = self._driver.refusal(max(1, sequences))
        if refusal is not None:
            raise self._refused(refusal)

    def answer(
        self, request: web.Request, generation: GenerationRequest, prompts: Sequence[list[int]], prefix: str
    ) -> ResponseContext:
        """All of the response, generated before any of it is sent."""
        model, adapter = self.names.called(generation.model)
        bound, sampling = generation.bound, generation.sampling
        generated = [
            self._speaker.reply(sampling, bound, replies.seed_of(prompt, sampling, place, adapter))
            for prompt in prompts
            for place in range(sampling.n)
        ]
        answering = self.served.answering
        return ResponseContext(
            request=generation,
            prompts=prompts,
            replies=generated,
            answer_id=f"{prefix}{request_id(request, generation)}",
            created=int(self.clock()),
            model=model,
            words=self.words,
            fingerprint=self.fingerprint,
            details=answering.prompt_tokens_details,
            reasoning=bool(answering.reasoning_parser),
            parsed=answering.tool_parser is not None or bool(answering.reasoning_parser),
            timed=answering.per_request_metrics,
        )

    def job(self, request: web.Request, answer: ResponseContext) -> EngineJob:
        """The engine's job for a response."""
        generation = answer.request
        adapter = answer.model if answer.model in self.names.adapters else None
        sequences = tuple(
            One(
                prompt_ids=answer.prompt_of(index),
                reply_ids=reply.ids,
                finish=reply.finish,
                max_tokens=generation.sampling.max_tokens,
                adapter=adapter,
                salt=generation.salt,
            )
            for index, reply in enumerate(answer.replies)
        )
        return EngineJob(
            request_id=answer.answer_id,
            sequences=sequences,
            each_step=generation.stream,
            priority=_header(request, "X-Vllm-Priority", generation.priority),
            n=generation.sampling.n,
            rank=_rank(request),
        )

    async def respond(
        self, request: web.Request, answer: ResponseContext, shape: StreamingResponseWriter
    ) -> web.StreamResponse:
        """Submit the job; stream the response, or wait for all of it."""
        job = self.job(request, answer)
        if answer.request.stream:
            return await self._streamed(request, job, shape)
        return await self.waited(request, job, shape)

    async def waited(self, request: web.Request, job: EngineJob, shape: ResponseWriter) -> web.Response:
        """The whole response, after its last token."""
        progress = ResponseProgress(len(job.sequences))
        feed = self._taken(job, progress)
        try:
            await progress.done
        except asyncio.CancelledError:
            feed.cancel()
            raise
        body = shape.whole(progress.outs, progress.finishes, feed)
        return web.Response(
            body=answers.compact_json(body), content_type="application/json", headers=self._load(request)
        )

    async def _streamed(
        self, request: web.Request, job: EngineJob, shape: StreamingResponseWriter
    ) -> web.StreamResponse:
        """The headers are sent at once; a later error is an event, and the stream still ends cleanly."""
        transport = request.transport
        if transport is None:
            raise ConnectionCut
        framed = request.version >= (1, 1)
        stream = ResponseStream(shape, len(job.sequences), transport, framed=framed)
        feed = self._taken(job, stream)
        response = web.StreamResponse(headers=_EVENT_STREAM_HEADERS)
        if framed:
            response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            await stream.done
            stream.close(feed)
        except asyncio.CancelledError:
            feed.cancel()
            raise
        except ErrorResponse as no:
            stream.fail(no)
        await response.write_eof()
        return response

    def _taken(self, job: EngineJob, listener: ResponseProgress) -> JobHandle:
        feed = self._driver.submit(job, listener)
        if isinstance(feed, EngineRefusal):
            raise self._refused(feed)
        return feed

    def _refused(self, refusal: EngineRefusal) -> ErrorResponse:
        return errors.of(refusal, self._driver.lag_seconds)

    def _load(self, request: web.Request) -> dict[str, str]:
        """The ORCA load header, if the request names one of its two formats."""
        form = request.headers.get("endpoint-load-metrics-format", "")
        if form.upper() not in ("TEXT", "JSON"):
            return {}
        usage, waiting = self.acts.gauges()
        gauges = {"num_requests_waiting": float(waiting), "kv_cache_usage_perc": usage}
        if form.upper() == "TEXT":
            named = ", ".join(f"named_metrics.{name}={value}" for name, value in gauges.items())
            return {"endpoint-load-metrics": f"TEXT {named}"}
        spelled = ", ".join(f'"{name}": {value}' for name, value in gauges.items())
        return {"endpoint-load-metrics": f'JSON {{"named_metrics": {{{spelled}}}}}'}


def request_id(request: web.Request, generation: GenerationRequest) -> str:
    """The request id from the header, else from the body, else a new one."""
    return request.headers.get("X-Request-Id") or generation.request_id or token_hex(8)


def _rank(request: web.Request) -> int | None:
    written = request.headers.get("X-data-parallel-rank", "")
    return int(written) if written.isdigit() else None


def _header(request: web.Request, name: str, otherwise: int) -> int:
    """An integer from a header; anything else counts as absent."""
    written = request.headers.get(name, "")
    return int(written) if written.removeprefix("-").isdigit() else otherwise


def _fingerprint(served: ServeArguments) -> str:
    """The version, the degrees of parallelism, and eight hexadecimal digits that depend on the configuration."""
    parallel = served.memory.parallelism
    degrees = {"tp": parallel.tensor, "pp": parallel.pipeline, "dp": parallel.data}
    spread = [f"{name}{degree}" for name, degree in degrees.items() if degree > 1]
    spread += ["ep"] if served.memory.expert_parallel else []
    settings = repr((served.model, served.limits, served.memory))
    return "-".join((f"vllm-{VERSION}", *spread, sha256(settings.encode()).hexdigest()[:8]))
