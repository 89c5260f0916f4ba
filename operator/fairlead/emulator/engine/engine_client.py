"""Admits jobs: which are refused, which data-parallel rank gets each, and how in-flight jobs are ended.

Knows no routes or texts; a refusal is a value, and `surface` words the response.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Final

from fairlead.emulator.engine.block_hashes import BlockHasher
from fairlead.emulator.engine.rank import LiveRank, SharedRankState
from fairlead.emulator.engine.submitted_jobs import RunningSequence, SubmittedJob
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.serve_arguments import NO_RULES, AdmissionRules
from fairlead.emulator.surface.jobs import EngineJob, EngineRefusal, JobEnding, JobListener, JobSequence
from fairlead.simulator.engine.ranks import EngineRanks
from fairlead.simulator.engine.requests import FinishReason
from fairlead.simulator.engine.settings import SchedulingPolicy
from fairlead.simulator.engine.steps import SchedulerRefusal

_REFUSALS: Final = {SchedulerRefusal.TOO_MANY: EngineRefusal.BUSY, SchedulerRefusal.BACKLOG: EngineRefusal.BACKLOG}


class LiveEngineClient:
    """The data-parallel ranks of one server, and the jobs in flight on them."""

    def __init__(
        self,
        ranks: Sequence[LiveRank],
        hasher: BlockHasher,
        shared_state: SharedRankState,
        admission: AdmissionRules = NO_RULES,
    ) -> None:
        self.ranks = ranks
        self._admission = admission
        self._engines = EngineRanks([rank.core for rank in ranks])
        self.faults = shared_state.faults
        self.lag = shared_state.lag
        self.draining = False
        self.dead = False
        self.idle = asyncio.Event()
        """Set while no job is in flight."""
        self.idle.set()
        self._left = asyncio.Event()
        self.rejected: dict[str, int] = {refusal.value: 0 for refusal in _REFUSALS.values()}
        self.paths: dict[str, str] = {}
        """Adapter paths by name: they are part of a block's hash."""
        self._hasher = hasher
        self._clock = shared_state.clock
        self._serials = count()
        self._inside: dict[SubmittedJob, LiveRank] = {}
        self._ids: set[str] = set()
        self._settings = ranks[0].core.settings
        shared_state.left = self.left
        shared_state.faults.changed = self._go_on

    @property
    def lag_seconds(self) -> float:
        """The minimum lag of the last window: what the process cannot catch up."""
        return self.lag.least

    @property
    def inside(self) -> int:
        """Number of jobs in flight."""
        return len(self._inside)

    def refusal(self, sequences: int) -> EngineRefusal | None:
        """Return why so many more sequences would be refused."""
        if self.draining and not self._admission.while_draining:
            return EngineRefusal.DRAINING
        if self.dead:
            return EngineRefusal.DEAD
        if self.faults.shows(EngineFault.ERRORS):
            return EngineRefusal.OUT_OF_ORDER
        if self.lag.too_far:
            return EngineRefusal.LAGGING
        return self._full(sequences)

    def _full(self, sequences: int) -> EngineRefusal | None:
        """vLLM's limits apply to all ranks together and include running requests; SGLang's is per rank, waiting ones
        only."""
        most, backlog = self._settings.max_unfinished, self._settings.max_backlog_tokens
        waiting = self._admission.max_waiting
        full = None
        if most is not None and sum(rank.core.running + rank.core.waiting for rank in self.ranks) + sequences > most:
            full = EngineRefusal.BUSY
        elif backlog is not None and sum(rank.core.unfinished_prompts for rank in self.ranks) >= backlog:
            full = EngineRefusal.BACKLOG
        elif waiting is not None and min(rank.core.waiting for rank in self.ranks) + sequences > waiting:
            full = EngineRefusal.BUSY
        if full is not None:
            self.rejected[full.value] += 1
        return full

    def submit(self, job: EngineJob, listener: JobListener) -> SubmittedJob | EngineRefusal:
        """Add all sequences of the job, or none of them."""
        refused = self._named_twice(job) or self.refusal(len(job.sequences))
        if refused is not None:
            return refused
        submitted = SubmittedJob(job, listener, self._cancel)
        rank = self._rank(job)
        now = self._clock()
        submitted.runs = [self._run(submitted, index, now) for index in range(len(job.sequences))]
        for place, sequence in enumerate(submitted.runs):
            if rank.event_sink is not None:
                rank.event_sink.journal.expect(sequence)
            refusal = rank.core.add(sequence)
            if refusal is not None:
                rank.drop(submitted.runs[: place + 1])
                return self._refused(refusal)
        self._inside[submitted] = rank
        self._ids.add(job.request_id)
        self.idle.clear()
        rank.wake()
        return submitted

    def _named_twice(self, job: EngineJob) -> EngineRefusal | None:
        """`srt/managers/tokenizer_manager.py: _init_req_state`, of SGLang."""
        named = self._admission.ids_are_prefixes and job.request_id in self._ids
        return EngineRefusal.DUPLICATE if named else None

    def _refused(self, no: SchedulerRefusal) -> EngineRefusal:
        """A prompt that can never fit passed all checks of `surface`: the engine fails with 500, as vLLM would."""
        refusal = _REFUSALS.get(no, EngineRefusal.OUT_OF_ORDER)
        if refusal.value in self.rejected:
            self.rejected[refusal.value] += 1
        return refusal

    def _run(self, job: SubmittedJob, index: int, now: float) -> RunningSequence:
        sequence = job.job.sequences[index]
        prompt, reply = self._pages(sequence)
        return RunningSequence(
            serial=next(self._serials),
            prompt_tokens=len(sequence.prompt_ids),
            output_tokens=len(sequence.reply_ids),
            arrived=now,
            finish=FinishReason(sequence.finish),
            prefix=prompt,
            reply=reply,
            priority=self._priority(job.job),
            adapter=sequence.adapter,
            job=job,
            index=index,
            came=now,
            max_tokens=sequence.max_tokens,
            salt=sequence.salt,
        )

    def _priority(self, job: EngineJob) -> int:
        """Return the scheduler's priority, where the lowest number comes first."""
        if self._settings.policy is not SchedulingPolicy.PRIORITY:
            return 0
        return -job.priority if self._admission.larger_first else job.priority

    def _pages(self, sequence: JobSequence) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Hash the full blocks that end in the prompt, and those that end in the reply."""
        if not self._settings.prefix_caching:
            return (), ()
        page = self._settings.block_tokens
        adapter = (sequence.adapter, self.paths.get(sequence.adapter, "")) if sequence.adapter else None
        names = tuple(self._hasher.chain([*sequence.prompt_ids, *sequence.reply_ids], page, adapter, sequence.salt))
        prompt = len(sequence.prompt_ids) // page
        return names[:prompt], names[prompt:]

    def _rank(self, job: EngineJob) -> LiveRank:
        """Choose the client's pinned rank, else as vLLM's load balancer does."""
        pinned = job.rank if job.rank is not None and job.rank < len(self.ranks) else None
        return self.ranks[self._engines.choose(self._clock()) if pinned is None else pinned]

    async def wait_for_running(self) -> None:
        """Wait until no sequence runs; waiting sequences stay queued."""
        while any(rank.core.running for rank in self.ranks):
            self._left.clear()
            await self._left.wait()

    def end_all(self, ending: JobEnding) -> int:
        """End all jobs in flight; return how many there were."""
        feeds = list(self._inside.items())
        for job, rank in feeds:
            rank.end(job, ending)
        return len(feeds)

    def abort(self, request_ids: Sequence[str]) -> int:
        """Abort the named jobs, or all of them if none is named; return how many."""
        named = tuple(request_ids)
        begins = self._admission.ids_are_prefixes
        feeds = [
            (job, rank)
            for job, rank in self._inside.items()
            if not named or (job.job.request_id.startswith(named) if begins else job.job.request_id in named)
        ]
        for job, rank in feeds:
            rank.end(job, JobEnding.ABORTED)
        return len(feeds)

    def left(self, job: SubmittedJob) -> None:
        """Forget a job that has ended."""
        self._inside.pop(job, None)
        self._ids.discard(job.job.request_id)
        self._left.set()
        if not self._inside:
            self.idle.set()

    def _cancel(self, job: SubmittedJob) -> None:
        self._inside[job].drop(job.unfinished)
        self.left(job)
        if self._admission.ids_are_prefixes and job.job.request_id:
            self.abort((job.job.request_id,))

    def _go_on(self) -> None:
        for rank in self.ranks:
            rank.go_on()
