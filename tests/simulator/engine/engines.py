"""Engines and requests for the scheduler's tests: a step costs round figures, so that a reader can add them up."""

import random
from dataclasses import dataclass, field, replace

from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.engine.steps import Emission, EngineStep


@dataclass(frozen=True)
class PlainTimes:
    """Ten milliseconds a step, and a little for each token computed or attended to."""

    step_s: float = 0.010
    sequence_s: float = 0.0001
    prompt_token_s: float = 0.0001
    context_token_s: float = 1e-7

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:  # noqa: ARG002  # a step costs by tokens
        """Linear in the context."""
        return DecodeLine(self.step_s + self.sequence_s * tokens, self.context_token_s)

    def seconds(self, batch: StepBatch) -> float:
        """The line, and the cost of prompts."""
        line = self.decode_line(batch.decodes, batch.decode_tokens)
        reading = self.prompt_token_s * batch.prefill_tokens + self.context_token_s * batch.prefill_context
        return line.base_s + line.context_token_s * batch.decode_context + reading


def core(settings: EngineSettings, seed: int = 1, *, plain: bool = False) -> EngineCore:
    """An engine with these limits."""
    return EngineCore(settings, PlainTimes(), random.Random(seed), plain=plain)  # noqa: S311  # drafts, no secrets


def request(serial: int, prompt: int, output: int, arrived: float = 0.0) -> EngineRequest:
    """A plain request that shares nothing."""
    return EngineRequest(serial=serial, prompt_tokens=prompt, output_tokens=output, arrived=arrived)


@dataclass
class Run:
    """The output of an engine, step by step."""

    steps: list[tuple[float, int, int]] = field(default_factory=list)
    """End, requests that decode, prompt tokens."""
    emissions: list[Emission] = field(default_factory=list)
    now: float = 0.0


def drive(engine: EngineCore, run: Run | None = None, steps: int = 100_000) -> Run:
    """Step until nothing is left to do, or this many times."""
    run = run or Run()
    for _ in range(steps):
        step = engine.begin(run.now)
        if step is None:
            break
        run.now = step.ends
        run.steps.append((step.ends, step.batch.decodes, step.batch.prefill_tokens))
        run.emissions += engine.complete(step, step.ends)
    return run


def begun(engine: EngineCore, now: float = 0.0) -> EngineStep:
    """The next step, which must exist."""
    step = engine.begin(now)
    assert step is not None
    return step


def named(serial: int, tokens: int, page: int, output: int = 4, text: int = 7) -> EngineRequest:
    """A prompt of this text, in pages of this size."""
    one = request(serial, tokens, output)
    return replace(one, prefix=tuple(text * 1000 + at for at in range(tokens // page)))
