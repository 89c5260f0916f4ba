"""The runs of all canaries that wait for an evaluation: the reconcile notes what to run, and reads the verdict so far.

What is kept here only saves work: answers are in ConfigMaps, so a restarted operator continues from them.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children.obstacles import obstacle_of
from fairlead.controller.evaluations import run_reports
from fairlead.controller.evaluations.answer_store import AnswersNotOurs, AnswerStore, StoreSettings
from fairlead.controller.evaluations.dropped_runs import DroppedRuns
from fairlead.controller.evaluations.item_sets import ItemSet, ItemSets
from fairlead.controller.evaluations.judge_rounds import JudgeRounds
from fairlead.controller.evaluations.quality_run import QualityRun
from fairlead.controller.evaluations.runner_run import RunnerRun, RunnerTarget
from fairlead.controller.evaluations.work_pods import WorkPods
from fairlead.controller.interfaces import ControllerApiClient, PodAccess
from fairlead.evaluating.journal import SHOWN_CHARACTERS, AnswerSource
from fairlead.evaluating.judge import JudgeSettings
from fairlead.evaluating.progress import Side
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gate_verdicts import NOT_EVALUATED, EvaluationVerdict
from fairlead.objects.answer_journals import AnswerPlace
from fairlead.objects.installation import Installation
from fairlead.process.engine_places import RunSide
from fairlead.review.context import ObjectKey
from fairlead.review.evaluations import EvaluationPlan

PAUSE_S: Final = 1.0
"""Between checks for new runs, and before retrying a run that could not continue."""
FAILED_S: Final = 10.0

log = logging.getLogger("fairlead.evaluations")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSide:
    """One revision of a deployment on trial, or one version of an adapter."""

    revision: str
    holder: Manifest
    """Its Deployment; for a version, the Adapter."""
    pods: tuple[Manifest, ...]
    """The pods that serve."""
    kind: EngineKind
    model: str = ""
    """The version's name in engines; empty: the revision's own model is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityQuestion:
    """What a canary requests."""

    uid: str
    deployment: str
    """Its name, or that of an adapter."""
    serving: str
    """The deployment whose engines answer."""
    evaluation: ObjectKey
    margin: float
    sides: Mapping[Side, RevisionSide]
    trial: str = ""
    """Which try of the new revision this is: answers of an earlier one do not count for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerPods:
    """What runs in pods need."""

    pods: WorkPods
    installation: Installation


Run = QualityRun | RunnerRun


class _RunIdentity(NamedTuple):
    """A run with another one begins anew."""

    namespace: str
    compared: tuple[object, ...]
    plan: EvaluationPlan

    def is_same_work(self, other: "_RunIdentity") -> bool:
        """Whether they differ at most in what a runner's pods may use and how long they may take."""
        return self == other._replace(plan=replace(other.plan, runner=self.plan.runner))


class _DrivenRun(NamedTuple):
    namespace: str
    driving: asyncio.Task[None]


class QualityRuns:
    """All runs of one process, by the deployment's UID."""

    def __init__(self, client: ControllerApiClient, access: PodAccess, sets: ItemSets, work: RunnerPods) -> None:
        self._client = client
        self._access = access
        self._sets = sets
        self._work = work
        self._runs: dict[str, tuple[_RunIdentity, Run]] = {}
        self._waiting: frozenset[str] = frozenset()
        """Runs whose turn has not come: as many as may run do."""
        self._dropped = DroppedRuns()

    def verdict(self, question: QualityQuestion) -> EvaluationVerdict:
        """Return the verdict so far; a run continues, or begins, in the background."""
        items = self._sets.find(question.evaluation)
        if items is None or items.trouble:
            self.forget(question.uid)
            return EvaluationVerdict(verdict=run_reports.without_items(question.evaluation, items))
        run = self._run(question, items)
        waits = run_reports.waits if question.uid in self._waiting else run_reports.begins
        return EvaluationVerdict(verdict=run.verdict or waits(items), items=items.digest)

    def evaluation(self, uid: str, key: ObjectKey | None, question: QualityQuestion | None) -> EvaluationVerdict:
        """Return the verdict on this question; without one nothing is sent, and only the items are known."""
        if question is not None:
            return self.verdict(question)
        self.forget(uid)
        items = self._sets.find(key) if key is not None else None
        return NOT_EVALUATED if items is None or items.trouble else EvaluationVerdict(items=items.digest)

    def forget(self, uid: str) -> None:
        """Drop the run of a deleted deployment, or of a canary that is done with it."""
        found = self._runs.pop(uid, None)
        if found is not None:
            found[1].dropped = True
            if isinstance(found[1], RunnerRun):
                self._dropped.add(found[1])

    async def close(self) -> None:
        """End the pods of dropped runs now; those that cannot be ended, or may still create one, are tried again."""
        await self._dropped.end()

    async def follow(self) -> None:
        """Advance runs until cancelled, `run_reports.MAX_RUNS` at a time."""
        driven: dict[str, _DrivenRun] = {}
        try:
            while True:
                driven = {uid: one for uid, one in driven.items() if not one.driving.done()}
                for uid, (identity, run) in self._runs.items():
                    if uid not in driven and not run.ended and _has_room(driven.values(), identity.namespace):
                        task = asyncio.create_task(self._drive(uid, run), name=f"evaluation {uid}")
                        driven[uid] = _DrivenRun(identity.namespace, task)
                self._waiting = frozenset(uid for uid, (_, run) in self._runs.items() if not run.ended) - driven.keys()
                self._dropped.end_due()
                await asyncio.sleep(PAUSE_S)
        finally:
            await self._dropped.cancel()
            for one in driven.values():
                one.driving.cancel()
            await asyncio.gather(*(one.driving for one in driven.values()), return_exceptions=True)

    async def advance(self, uid: str) -> bool:
        """Run one round of one run; False if it has nothing to send, or could not."""
        found = self._runs.get(uid)
        if found is None or found[1].ended:
            return False
        run = found[1]
        try:
            return await run.advance()
        except RequestRefused as problem:
            run.verdict = run_reports.unreachable(f"{obstacle_of(problem).message[:210]}; Fairlead tries again")
            return False
        except (ApiError, NotLeading, TimeoutError) as problem:
            log.warning("an evaluation waits: %s", problem)
            return False
        except AnswersNotOurs as problem:
            run.verdict = run_reports.unreachable(str(problem))
            return False

    async def _drive(self, uid: str, run: Run) -> None:
        """Run round after round, as long as this is the deployment's run and it goes on."""
        while (found := self._runs.get(uid)) is not None and found[1] is run and not run.ended:
            try:
                went_on, pause = await self.advance(uid), PAUSE_S
            except Exception:
                log.exception("an internal error of Fairlead in an evaluation; please report it")
                went_on, pause = False, FAILED_S
            if went_on:
                continue
            await asyncio.sleep(pause)
            if not (isinstance(run, RunnerRun) and run.is_working):
                self._let_others_go_first(uid, run)
                return

    def _let_others_go_first(self, uid: str, run: Run) -> None:
        """Move a run to the end, or a few that cannot go on for hours would keep all others waiting."""
        found = self._runs.get(uid)
        if found is not None and found[1] is run:
            self._runs[uid] = self._runs.pop(uid)

    def _run(self, question: QualityQuestion, items: ItemSet) -> Run:
        """Return the run of this question; a new one begins if anything but pods changed."""
        assert items.plan is not None
        revisions = tuple((one.revision, one.holder["metadata"]["uid"]) for one in question.sides.values())
        compared = (items.digest, items.groups, question.margin, question.trial, revisions)
        identity = _RunIdentity(question.evaluation.namespace, compared, items.plan)
        kept = self._runs.get(question.uid)
        sides = {side: RunSide(pods=one.pods, kind=one.kind, model=one.model) for side, one in question.sides.items()}
        if kept is not None and kept[0] == identity:
            kept[1].sides = sides
            return kept[1]
        self.forget(question.uid)
        stores = {side: self._store(question, side, items) for side in Side}
        run = self._begun(question, items, stores, sides)
        if kept is not None and identity.is_same_work(kept[0]):
            _succeed(kept[1], run)
        self._runs[question.uid] = identity, run
        return run

    def _begun(
        self,
        question: QualityQuestion,
        items: ItemSet,
        stores: Mapping[Side, AnswerStore],
        sides: Mapping[Side, RunSide],
    ) -> Run:
        assert items.plan is not None
        if not items.plan.runner.in_pods:
            return QualityRun(
                items=items,
                margin=question.margin,
                stores=stores,
                access=self._access,
                sides=sides,
                judge=self._judge(question, items.plan.judge),
            )
        target = RunnerTarget(
            evaluation=question.evaluation.name,
            deployment=question.deployment,
            serving=question.serving,
            holders={side: (one.revision, one.holder) for side, one in question.sides.items()},
            trial=question.trial,
        )
        return RunnerRun(
            items=items,
            margin=question.margin,
            stores=stores,
            access=self._access,
            sides=sides,
            target=target,
            work=self._work.pods,
            installation=self._work.installation,
        )

    def _store(self, question: QualityQuestion, side: Side, items: ItemSet) -> AnswerStore:
        assert items.plan is not None
        one = question.sides[side]
        source = AnswerSource(model="", revision=one.revision, settings=items.plan.request)
        baseline = side is Side.BASELINE
        place = AnswerPlace(
            deployment=question.deployment,
            revision=one.revision,
            holder=one.holder,
            source=source.digest,
            trial="" if baseline else question.trial,
        )
        settings = StoreSettings(of_any_trial=baseline, failures=not baseline or items.plan.runner.in_pods)
        if (judged_by := items.plan.judge) is not None:
            settings = replace(settings, shown=SHOWN_CHARACTERS, judge=judged_by.digest)
        return AnswerStore(self._client, place, settings)

    def _judge(self, question: QualityQuestion, settings: JudgeSettings | None) -> JudgeRounds | None:
        if settings is None:
            return None
        namespace = question.evaluation.namespace
        return JudgeRounds(client=self._client, access=self._access, settings=settings, namespace=namespace)


def _succeed(before: Run, run: Run) -> None:
    if isinstance(before, RunnerRun) and isinstance(run, RunnerRun):
        before.successor = run


def _has_room(driven: Collection[_DrivenRun], namespace: str) -> bool:
    of_namespace = sum(one.namespace == namespace for one in driven)
    return of_namespace < run_reports.MAX_RUNS_OF_NAMESPACE and len(driven) < run_reports.MAX_RUNS
