"""The tokens that a step's end emits, and the requests that end with them. Schedules nothing."""

from dataclasses import dataclass

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine import speculation
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus, FinishReason
from fairlead.simulator.engine.scheduler_state import SchedulerState
from fairlead.simulator.engine.steps import Emission, EngineStep


@dataclass(slots=True)
class EmissionSettings:
    """How emissions are made at a step's end; one object serves all steps of an engine."""

    now: float
    randomness: RandomSource
    every: bool
    """Whether to also emit tokens that are neither a request's first nor its last."""


def emissions(state: SchedulerState, step: EngineStep, settings: EmissionSettings) -> list[Emission]:
    """Return emissions of all requests that generated tokens; those that ended are removed."""
    emitted: list[Emission] = []
    if step.lockstep:
        _decoded_together(state, emitted, settings)
    if step.decodes:
        _decoded(state, step, emitted, settings)
    for request, _ in step.prompts:
        if request.status is EngineRequestStatus.RUNNING and request.computed >= request.tokens:
            _prefilled(state, request, emitted, settings)
    return _with_ends(state, emitted, settings) if emitted else emitted


def landed(state: SchedulerState, steps: int, settings: EmissionSettings) -> list[Emission]:
    """Do the same for this many steps of the lockstep group alone, of which only the last may end requests."""
    lockstep = state.lockstep
    state.counts.generation_tokens += lockstep.sequences * steps
    ended = lockstep.land(steps)
    if not ended:
        return []
    if len(ended) == 1:
        last = _last_emission(ended[0], 1, settings)
        if last.finished is not None:
            _end(state, last.request, last.finished, settings.now)
        return [last]
    return _with_ends(state, [_last_emission(one, 1, settings) for one in ended], settings)


def _with_ends(state: SchedulerState, emitted: list[Emission], settings: EmissionSettings) -> list[Emission]:
    if len(emitted) == 1:
        (only,) = emitted
        if only.finished is not None:
            _end(state, only.request, only.finished, settings.now)
        return emitted
    if not settings.every:
        emitted.sort(key=_serial)
    ended = [(one.request, one.finished) for one in emitted if one.finished is not None]
    for request, reason in ended if len(ended) < 2 else _as_admitted(state, ended):
        _end(state, request, reason, settings.now)
    return emitted


def _as_admitted(
    state: SchedulerState, ended: list[tuple[EngineRequest, FinishReason]]
) -> list[tuple[EngineRequest, FinishReason]]:
    reasons = dict(ended)
    return [(one, reasons[one]) for one in state.running if one in reasons]


def _serial(emission: Emission) -> int:
    return emission.request.serial


def _decoded_together(state: SchedulerState, emitted: list[Emission], settings: EmissionSettings) -> None:
    lockstep = state.lockstep
    state.counts.generation_tokens += lockstep.sequences
    for request in lockstep.land():
        emitted.append(_last_emission(request, 1, settings))  # noqa: PERF401  # mostly none, and an empty loop is free
    if settings.every:
        for request in state.running:
            if request.mark is not None:
                request.emitted = lockstep.tick - request.mark
                emitted.append(Emission(request, 1, None, first=False))


def _decoded(state: SchedulerState, step: EngineStep, emitted: list[Emission], settings: EmissionSettings) -> None:
    plan = state.settings.speculation
    for request, tokens in step.decodes:
        if request.status is not EngineRequestStatus.RUNNING:
            continue
        held = speculation.accepted(plan, tokens - 1, settings.randomness, state.counts) if plan else 0
        request.computed -= tokens - 1 - held
        made = min(1 + held, state.limit(request) - request.emitted)
        request.emitted += made
        state.counts.generation_tokens += made
        if request.emitted >= state.limit(request):
            emitted.append(_last_emission(request, made, settings))
        elif settings.every:
            emitted.append(Emission(request, made, None, first=False))


def _last_emission(request: EngineRequest, made: int, settings: EmissionSettings) -> Emission:
    """Return a request's last emission; if only first and last tokens are emitted, with all tokens since the first."""
    emitted = request.emitted
    reason = request.finish if emitted >= request.output_tokens else FinishReason.LENGTH
    return Emission(request, made if settings.every else emitted - 1, reason, False)


def _prefilled(
    state: SchedulerState, request: EngineRequest, emitted: list[Emission], settings: EmissionSettings
) -> None:
    """Complete the prefill: emit the first token, or the next one of a request that was preempted."""
    first = request.first_token is None
    if first:
        request.first_token = settings.now
        state.backlog -= request.prompt_tokens
        state.counts.prompt_tokens += request.prompt_tokens
        state.counts.cached_tokens += request.cached_tokens
        state.counts.loaded_tokens += request.loaded_tokens
    del state.prefilling[request]
    request.emitted += 1
    state.counts.generation_tokens += 1
    limit = state.limit(request)
    if request.emitted >= limit:
        ending = _last_emission(request, 1, settings)
        emitted.append(Emission(request, 1, ending.finished, first=True) if first else ending)
        return
    if not state.scattered:
        state.lockstep.join(request, limit)
    if first or settings.every:
        emitted.append(Emission(request, 1, None, first))


def _end(state: SchedulerState, request: EngineRequest, reason: FinishReason, now: float) -> None:
    state.counts.finished[reason] += 1
    if state.settings.late_stop:
        state.linger(request, now)
    else:
        state.finish(request, now)
