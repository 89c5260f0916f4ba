"""A batch run in virtual time, against a fleet that a test writes: hours of refusals take no time."""

import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from fairlead.batcher.batch_endpoint import BatchAttempt, BatchEndpoint
from fairlead.batcher.output_file import FailureFile, OutputFile
from fairlead.batcher.run import BatchRun, RunLimits
from fairlead.batching import attempt_outcomes
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.output_lines import BatchReply
from fairlead.batching.run_tally import RunEnd, RunTally
from tests.virtual_time import now

Fleet = Callable[[BatchRequest], Awaitable[BatchAttempt]]


def requests(models: Iterable[str]) -> list[BatchRequest]:
    """One request of each of these models, in this order."""
    return [
        BatchRequest(line=line, custom_id=str(line), url="/v1/completions", model=model, body=b"{}")
        for line, model in enumerate(models, start=1)
    ]


def attempt(status: int, code: str = "", retry_after_s: float | None = None) -> BatchAttempt:
    """The reply of a router."""
    return BatchAttempt(
        outcome=attempt_outcomes.outcome(status, code),
        reason=f"{status} {code}".strip(),
        reply=BatchReply(status=status, request_id="q-1", body=b"{}", is_json=True),
        retry_after_s=retry_after_s,
    )


@dataclass(slots=True)
class VirtualRun:
    """A run with the limits of the command, and when each model answered last."""

    folder: Path
    fleet: Fleet
    concurrency: int = 64
    tally: RunTally = field(default_factory=lambda: RunTally(requests=0))
    answered_at: dict[str, float] = field(default_factory=dict)
    detail: str = ""

    async def send(self, request: BatchRequest, *, explain: bool) -> BatchAttempt:
        """One attempt."""
        assert isinstance(explain, bool)
        found = await self.fleet(request)
        if found.outcome is attempt_outcomes.Outcome.ANSWERED:
            self.answered_at[request.model] = now()
        return found

    async def run(self, given: list[BatchRequest]) -> RunEnd:
        """Send all of them."""
        self.tally = RunTally(requests=len(given))
        with OutputFile(self.folder / "out.jsonl") as output, FailureFile(self.folder / "errors.jsonl") as failures:
            made = BatchRun(
                read=lambda: iter(given),
                endpoint=cast("BatchEndpoint", self),
                output=output,
                failures=failures,
                limits=RunLimits(concurrency=self.concurrency, give_up_after_s=1800.0),
                tally=self.tally,
                random=random.Random(7),  # noqa: S311 -- spreads retries
                warn=print,
            )
            end = await made.run()
            self.detail = made.detail
            return end
