"""A cheap model whose structured outputs often fail, against expensive ones that rarely do: are the reports true?

Each task is sent once, and once more if the answer breaks its schema. What the accounting reports is compared with an
independent count, and with what follows from the stated rates: with p the failing share and c the cost of an answer, a
success costs c / (1 - p), whatever the number of retries.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from bench.right_sizing import task_mix
from bench.right_sizing.pretended_models import PretendedModel, replied
from bench.right_sizing.task_mix import LabelledTask
from fairlead.accounting.request_cost import AttemptRecord, RequestCost
from fairlead.accounting.task_outcomes import ModelFigures, ModelKey, TaskOutcomes
from fairlead.accounting.token_rates import TokenRates
from fairlead.fleet.model_routes import Difficulty
from fairlead.routing.answers import structured_output
from fairlead.routing.answers.compiled_schemas import CompiledSchemas
from fairlead.routing.answers.reply_reader import answer_in
from fairlead.routing.answers.wanted_output import WantedOutput, wanted_in

ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """One model: the reported and the true figures."""

    reported: ModelFigures
    retries: int
    invalid: int
    succeeded: int
    cost: float
    expected_cost: float
    """Of a success, by the stated rates."""


def failing(target: str, invalid: float, price: float) -> PretendedModel:
    """A model that is right whenever its answer is valid."""
    accuracy = dict.fromkeys(Difficulty, 1.0)
    return PretendedModel(target=target, accuracy=accuracy, invalid=invalid, rates=TokenRates(output=price))


def reliability(model: PretendedModel, tasks: Iterable[LabelledTask]) -> Reliability:
    """Run all tasks on one model."""
    outcomes, schemas, wanted = TaskOutcomes(max_tasks=10**6), CompiledSchemas(), wanted_in(task_mix.WANTED)
    assert wanted is not None
    retries = invalid = succeeded = 0
    cost = one_cost = 0.0
    for task in tasks:
        request, truth = _request(model, task, wanted, schemas)
        outcomes.add(request)
        outcomes.report("acme", request.task, success=truth[-1])
        retries += len(truth) - 1
        invalid += truth.count(False)
        succeeded += truth[-1]
        one_cost = model.rates.cost(replied(model, task).used)
        cost += one_cost * len(truth)
    return Reliability(
        reported=outcomes.models()[ModelKey(model.target, "r1")],
        retries=retries,
        invalid=invalid,
        succeeded=succeeded,
        cost=cost,
        expected_cost=one_cost / (1 - model.invalid),
    )


def extractions(count: int) -> list[LabelledTask]:
    """Tasks that all require the schema."""
    first = next(task for task in task_mix.tasks(100) if task.structured)
    return [replace(first, number=number) for number in range(count)]


def _request(
    model: PretendedModel, task: LabelledTask, wanted: WantedOutput, schemas: CompiledSchemas
) -> tuple[RequestCost, list[bool]]:
    """One request as the router would account it, and whether each of its answers was truly valid."""
    request, truth = RequestCost(tenant="acme", route="extract", task=f"task-{task.number}"), []
    for attempt in range(ATTEMPTS):
        reply = replied(model, task, attempt)
        result = structured_output.checked(answer_in(reply.body), wanted, schemas)
        again = result.failed and attempt + 1 < ATTEMPTS
        request.add(
            AttemptRecord(
                target=model.target,
                revision="r1",
                used=reply.used,
                cost=model.rates.cost(reply.used),
                retry=attempt > 0,
                invalid=result.failed,
                answered=not again,
            )
        )
        truth.append(reply.valid)
        if not again:
            break
    return request, truth
