"""One run of an evaluation by a runner in pods: a pod for each pass, one after the other, and its verdicts kept.

A pass is one side whole, or a part of the baseline once more for its noise. What a pod printed is kept before it is
removed, and a pod is found by its name. So an operator that is killed at any point repeats nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.comparing import answer_noise
from fairlead.controller.evaluations import run_reports
from fairlead.controller.evaluations.answer_store import AnswerStore
from fairlead.controller.evaluations.item_sets import ItemSet
from fairlead.controller.evaluations.run_reports import RunReports
from fairlead.controller.evaluations.work_pods import WorkEnded, WorkFailed, WorkPods, WorkRunning
from fairlead.controller.interfaces import PodAccess
from fairlead.evaluating import runner_lines, runner_passes
from fairlead.evaluating.progress import Side
from fairlead.fleet.evaluation_runners import RunnerPass
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.objects import evaluation_pods, runner_pods
from fairlead.objects.installation import Installation
from fairlead.objects.runner_pods import ADDRESSES, RunnerWork
from fairlead.process.engine_places import RunSide

HARM_CHECK_EVERY: Final = 15
"""Seconds, roughly, between two reads of what a candidate's pod has printed."""
AT_ONCE: Final = 500
"""Lines that are kept in one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerTarget:
    """Whose revisions are evaluated."""

    evaluation: str
    deployment: str
    """Its name, or that of an adapter."""
    serving: str
    """The deployment whose engines answer."""
    holders: Mapping[Side, tuple[str, Manifest]]
    """Each side's revision and its Deployment."""
    trial: str


@dataclass(slots=True, kw_only=True)
class RunnerRun:
    """One evaluation of one canary, by pods."""

    items: ItemSet
    margin: float
    stores: Mapping[Side, AnswerStore]
    access: PodAccess
    sides: Mapping[Side, RunSide]
    """As they are now: pods come and go."""
    target: RunnerTarget
    work: WorkPods
    installation: Installation
    verdict: GateVerdict | None = None
    ended: bool = False
    dropped: bool = False
    """Its verdict is no longer needed."""
    successor: "RunnerRun | None" = None
    """The run that took its place and continues with its pod, unless that failed or does not start."""
    is_working: bool = False
    """A pod of it works now, as far as is known."""
    is_advancing: bool = False
    """It may still create a pod, though it was dropped meanwhile."""
    _loaded: bool = False
    _models: dict[Side, str] = field(default_factory=dict)
    _checks: int = 0
    """Checks of the candidate's pod while it works."""
    _current: Manifest | None = None
    """The pod that works now, as it was made."""

    async def advance(self) -> bool:
        """Check the next pass once; return False if it is still running, or nothing can be sent."""
        self.is_advancing, self.is_working = True, False
        try:
            return await self._advance()
        finally:
            self.is_advancing = False

    async def _advance(self) -> bool:
        if not self._loaded:
            await asyncio.gather(*(one.load() for one in self.stores.values()))
            self._loaded = True
        for store in self.stores.values():
            await store.flush()
        runner_pass = self._next()
        if runner_pass is None:
            return False
        of = runner_passes.side_of(runner_pass)
        if of not in self._models:
            if (name := await run_reports.model_of(self.access, self.sides[of])) is None:
                self.verdict = run_reports.nameless(of)
                return False
            self._models[of] = name
        return await self._carry_out(runner_pass)

    async def close(self) -> None:
        """End the pod of a run whose verdict is no longer needed, unless its successor continues with it."""
        if self._current is None:
            return
        live = await self.work.find(self._current)
        if live is not None and evaluation_pods.is_same_work(live, self._current):
            heir = self._heir()
            if heir is not None and await self.work.works(live):
                heir.take_over(self._current)
            else:
                await self.work.remove(live)
        self._current = None

    def _heir(self) -> "RunnerRun | None":
        """Return the last run that took its place, as several edits may follow each other; None if that is dropped."""
        heir = self.successor
        while heir is not None and heir.dropped:
            heir = heir.successor
        return heir

    def take_over(self, manifest: Manifest) -> None:
        """Continue with the pod of the run before; it ends with this run."""
        self._current = self._current or manifest

    def _next(self) -> RunnerPass | None:
        """Return the next pass; None once there is a verdict that no other would change."""
        baseline, candidate = (self.stores[one].answers for one in (Side.BASELINE, Side.CANDIDATE))
        runner_pass = runner_passes.next_pass(self.items.items, answer_noise.ITEMS, baseline, candidate)
        noisy = runner_pass not in (RunnerPass.BASELINE, RunnerPass.NOISE)
        if (refusal := self._reports.too_small(noisy=noisy)) is not None:
            self.verdict, self.ended = refusal, True
            return None
        if runner_pass is None:
            self.verdict, self.ended = self._reports.verdict(), True
        return runner_pass

    @property
    def _reports(self) -> RunReports:
        return RunReports(items=self.items, margin=self.margin, stores=self.stores)

    async def _carry_out(self, runner_pass: RunnerPass) -> bool:
        if self.dropped:
            return False
        work = self._work(runner_pass)
        manifest = runner_pods.manifest(work, self.installation)
        self._current = manifest
        state = await self.work.progress(work.owner, manifest)
        self.is_working = isinstance(state, WorkRunning) and not state.why
        if isinstance(state, WorkRunning):
            await self._follow(manifest)
            why = f": {state.why}" if state.why else f" asks the {runner_passes.side_of(runner_pass)}"
            self.verdict = _running(f"pod {state.pod}{why}"[:240], len(self.items.items))
            if runner_pass is RunnerPass.CANDIDATE and not state.why:
                await self._check_harm(manifest)
            return False
        if isinstance(state, WorkFailed):
            again = "fix it, and delete the pod to try again" if state.live else "Fairlead tries again"
            self.verdict = _failed(f"{state.words[:198]}; {again}")
            return False
        return await self._keep(runner_pass, state)

    async def _keep(self, runner_pass: RunnerPass, ended: WorkEnded) -> bool:
        items = runner_passes.items_of(runner_pass, self.items.items, answer_noise.ITEMS)
        found = runner_lines.read(ended.lines, {one.name for one in items})
        pod = ended.live["metadata"]["name"]
        if not found.passed:
            words = f'pod {pod} printed no line like {{"id": "{items[0].name[:40]}", "pass": true}}'
            if found.unknown:
                words = f"pod {pod}: none of the {found.unknown} ids that it printed belongs to an item"
            self.verdict = _failed(f"{words}; fix the program, and delete the pod to try again")
            return False
        if self.dropped:
            return False
        lines = runner_lines.journal_lines(items, found.passed, runner_passes.sample_of(runner_pass))
        for begin in range(0, len(lines), AT_ONCE):
            await self.stores[runner_passes.side_of(runner_pass)].add(lines[begin : begin + AT_ONCE])
        await self.work.remove(ended.live)
        self._current = None
        return True

    async def _check_harm(self, manifest: Manifest) -> None:
        """End the run if the candidate's output so far shows harm; checked now and then, since logs are long.

        Nothing of it is kept: a restarted operator reads the same log again. The pod ends once the verdict is no longer
        needed.
        """
        self._checks += 1
        if self._checks % HARM_CHECK_EVERY:
            return
        names = {one.name for one in self.items.items}
        passed = runner_lines.read(await self.work.lines(manifest), names).passed
        some = [one for one in self.items.items if one.name in passed]
        verdict = self._reports.harm(runner_lines.journal_lines(some, passed, 0))
        if verdict is not None:
            self.verdict, self.ended = verdict, True

    async def _follow(self, manifest: Manifest) -> None:
        """Give the relay the list of pods that serve now."""
        live = await self.work.find(manifest)
        if live is None or not evaluation_pods.is_same_work(live, manifest):
            return
        noted, wanted = (one["metadata"].get("annotations") or {} for one in (live, manifest))
        if noted.get(ADDRESSES) != wanted[ADDRESSES]:
            await self.work.annotate(live, {ADDRESSES: wanted[ADDRESSES]})

    def _work(self, runner_pass: RunnerPass) -> RunnerWork:
        assert self.items.plan is not None
        plan = self.items.plan
        assert plan.source is not None
        of = runner_passes.side_of(runner_pass)
        revision, holder = self.target.holders[of]
        side = self.sides[of]
        trial = self.target.trial if of is Side.CANDIDATE else ""
        return RunnerWork(
            owner=evaluation_pods.of_revision(self.target.evaluation, holder),
            deployment=self.target.deployment,
            serving=self.target.serving,
            revision=revision,
            work=runner_pass,
            runner=plan.runner,
            source=plan.source,
            max_tokens=plan.request.max_tokens,
            seed=plan.request.seed,
            concurrency=plan.concurrency,
            model=self._models[of],
            kind=side.kind,
            addresses=evaluation_pods.addresses(side.pods),
            content=self.items.content,
            key=repr((self.items.digest, plan.request, trial, runner_pass)),
            limit=answer_noise.ITEMS if runner_pass is RunnerPass.NOISE else None,
        )


def _running(message: str, items: int) -> GateVerdict:
    return GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.NOT_FINISHED, message=message, missing=items)


def _failed(message: str) -> GateVerdict:
    return GateVerdict(verdict=Verdict.ERROR, reason=GateReason.RUNNER_FAILED, message=message[:240])
