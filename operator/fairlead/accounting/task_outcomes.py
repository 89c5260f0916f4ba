"""What a useful answer costs: tasks and how they ended, by the target and revision that they began at; within bounds.

A task is all requests of a tenant with one value of `x-fairlead-task`. Everything that it took, including retries and
escalations at other targets, counts where it began.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from fairlead.accounting.request_cost import RequestCost
from fairlead.fleet.light_dataclass import light

MAX_TASKS: Final = 20_000
NAME_CHARACTERS: Final = 128
MAX_MODELS: Final = 1000


class ModelKey(NamedTuple):
    """A target and its revision."""

    target: str
    revision: str


class OutcomeReceipt(StrEnum):
    """The result of a report."""

    COUNTED = "counted"
    CHANGED = "changed"
    """It was reported before, with the other outcome; the last report counts."""
    REPEATED = "repeated"
    UNKNOWN_TASK = "unknown_task"
    """No request of this tenant named it, or too many other tasks came since."""


@dataclass(slots=True, eq=False)
class ModelFigures:
    """Figures of one target and revision."""

    attempts: int = 0
    retries: int = 0
    validated: int = 0
    invalid: int = 0
    cost: float = 0.0
    """Cost of all attempts here."""
    tasks: int = 0
    """Tasks that began here."""
    succeeded: int = 0
    failed: int = 0
    reported_cost: float = 0.0
    """Cost of reported tasks that began here, wherever it arose."""
    misrouted: int = 0
    """Reported tasks that failed, or that a larger target answered in place of this one."""
    moved: int = 0
    """Requests that began here but were answered by another target."""

    @property
    def retry_rate(self) -> float | None:
        """Repeated attempts as a share of first ones."""
        first = self.attempts - self.retries
        return self.retries / first if first else None

    @property
    def invalid_rate(self) -> float | None:
        """Failed validations as a share of all."""
        return self.invalid / self.validated if self.validated else None

    @property
    def cost_per_success(self) -> float | None:
        """Cost of the reported tasks, including failed ones, per success."""
        return self.reported_cost / self.succeeded if self.succeeded else None


@dataclass(slots=True, eq=False)
class _Task:
    key: ModelKey
    cost: float = 0.0
    success: bool | None = None
    escalated: bool = False
    """Whether a larger target answered any of its requests."""

    @property
    def misrouted(self) -> bool:
        """Whether it is reported, and the target that it began at was not enough."""
        return self.success is not None and (self.escalated or not self.success)


@light
class TaskTotals:
    """Of all tasks."""

    kept: int
    forgotten: int
    """Tasks that were dropped before their outcome was reported."""


class TaskOutcomes:
    """Tasks of one router."""

    def __init__(self, max_tasks: int = MAX_TASKS) -> None:
        self._tenants: dict[str, OrderedDict[str, _Task]] = {}
        self._models: dict[ModelKey, ModelFigures] = {}
        self._max_tasks = max_tasks
        self._kept = 0
        self._forgotten = 0

    def add(self, request: RequestCost) -> None:
        """Add a request that ended."""
        for one in request.attempts:
            figures = self._figures(ModelKey(one.target, one.revision))
            figures.attempts += 1
            figures.retries += one.retry
            figures.validated += one.invalid is not None
            figures.invalid += one.invalid is True
            figures.cost += one.cost
        if request.attempts:
            key = ModelKey(request.attempts[0].target, request.attempts[0].revision)
            answered = [one for one in request.attempts if one.answered]
            self._figures(key).moved += any(one.target != key.target for one in answered)
            if request.task:
                self._add_to_task(request, key)

    def add_cached(self, tenant: str, task: str, key: ModelKey) -> None:
        """Add a request that cost nothing to its task: an answer of this model was given to it again."""
        self._add_to_task(RequestCost(tenant=tenant, route="", task=task), key)

    def report(self, tenant: str, task: str, *, success: bool) -> OutcomeReceipt:
        """Record how the tenant says that the task ended."""
        found = self._tenants.get(tenant, OrderedDict()).get(task[:NAME_CHARACTERS])
        if found is None:
            return OutcomeReceipt.UNKNOWN_TASK
        before = found.success
        if before is success:
            return OutcomeReceipt.REPEATED
        figures, misrouted = self._figures(found.key), found.misrouted
        if before is None:
            figures.reported_cost += found.cost
        figures.succeeded += success - (before is True)
        figures.failed += (not success) - (before is False)
        found.success = success
        figures.misrouted += found.misrouted - misrouted
        return OutcomeReceipt.COUNTED if before is None else OutcomeReceipt.CHANGED

    def models(self) -> dict[ModelKey, ModelFigures]:
        """Return the figures of all targets and revisions."""
        return dict(self._models)

    def totals(self) -> TaskTotals:
        """Return how many tasks are kept, and how many were dropped unreported."""
        return TaskTotals(kept=self._kept, forgotten=self._forgotten)

    def _add_to_task(self, request: RequestCost, key: ModelKey) -> None:
        tasks = self._tenants.setdefault(request.tenant, OrderedDict())
        name = request.task[:NAME_CHARACTERS]
        task = tasks.get(name)
        if task is None:
            task = tasks[name] = _Task(key)
            self._kept += 1
            self._figures(key).tasks += 1
            if self._kept > self._max_tasks:
                self._forget_one()
        else:
            tasks.move_to_end(name)
        task.cost += request.total
        misrouted = task.misrouted
        task.escalated = task.escalated or any(one.escalation and one.answered for one in request.attempts)
        if task.success is not None:
            figures = self._figures(task.key)
            figures.reported_cost += request.total
            figures.misrouted += task.misrouted - misrouted

    def _forget_one(self) -> None:
        """Drop the oldest task of the tenant that has the most, so that no tenant displaces others' tasks."""
        most = max(self._tenants, key=lambda name: len(self._tenants[name]))
        _, task = self._tenants[most].popitem(last=False)
        self._forgotten += task.success is None
        self._kept -= 1

    def _figures(self, key: ModelKey) -> ModelFigures:
        figures = self._models.get(key)
        if figures is None:
            if len(self._models) >= MAX_MODELS:
                self._models.pop(next(iter(self._models)))
            figures = self._models[key] = ModelFigures()
        return figures
