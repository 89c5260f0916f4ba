"""Cost against accuracy of routes on one mix of tasks: always small, always large, rules, cascades."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bench.right_sizing import task_mix
from bench.right_sizing.pretended_models import PretendedModel, PretendedReply, replied
from bench.right_sizing.task_mix import LabelledTask
from fairlead.accounting.token_rates import TokenRates
from fairlead.fleet.model_routes import (
    AnswerCheck,
    CascadeSettings,
    Difficulty,
    ModelRoute,
    RequestConditions,
    RouteRule,
    RouteStrategy,
)
from fairlead.routing.answers.answer_check import CascadeCheck
from fairlead.routing.answers.compiled_schemas import CompiledSchemas
from fairlead.routing.answers.reply_reader import answer_in
from fairlead.routing.answers.wanted_output import wanted_in
from fairlead.routing.models import fallback
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.models.route_facts import RouteFacts

SMALL: Final = PretendedModel(
    target="ns/small",
    accuracy={Difficulty.EASY: 0.95, Difficulty.HARD: 0.45},
    invalid=0.08,
    rates=TokenRates(prompt=0.1e-6, output=0.4e-6),
)
LARGE: Final = PretendedModel(
    target="ns/large",
    accuracy={Difficulty.EASY: 0.97, Difficulty.HARD: 0.88},
    invalid=0.01,
    rates=TokenRates(prompt=1e-6, output=4e-6),
)
"""A tenth of a price per token and the whole, as between 8 and 70 billion parameters; stated, not measured."""
MODELS: Final = {one.target: one for one in (SMALL, LARGE)}
CONFIDENCES: Final = (0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One way to route, over all tasks."""

    name: str
    cost: float
    accuracy: float
    too_small: float
    """Share of tasks that got a small model's wrong answer where the large one's is right."""
    too_large: float
    """Share that the large one answered although the small one's answer is right."""
    escalated: float

    @property
    def misrouted(self) -> float:
        """Both kinds of misrouting."""
        return self.too_small + self.too_large

    def saved(self, against: "FrontierPoint") -> float:
        """Money saved, as a share."""
        return 1 - self.cost / against.cost

    def lost(self, against: "FrontierPoint") -> float:
        """Accuracy lost, in percentage points."""
        return 100 * (against.accuracy - self.accuracy)


def routes() -> Iterator[tuple[str, ModelRoute, bool]]:
    """What is compared: name, route, and whether clients state the difficulty themselves."""
    single = ModelRoute(name="chat", target=SMALL.target)
    rules = ModelRoute(
        name="chat",
        strategy=RouteStrategy.RULES,
        target=SMALL.target,
        rules=(
            RouteRule(name="extraction", when=RequestConditions(structured_output=True), target=SMALL.target),
            RouteRule(name="hard", when=RequestConditions(difficulty=Difficulty.HARD), target=LARGE.target),
        ),
    )
    yield "always small", single, False
    yield "always large", replace(single, target=LARGE.target), False
    yield "rules, estimated", rules, False
    yield "rules, named by clients", rules, True
    yield "cascade, schema", _cascade(CascadeSettings(targets=tuple(MODELS), check=AnswerCheck.JSON_SCHEMA)), False
    for least in CONFIDENCES:
        settings = CascadeSettings(targets=tuple(MODELS), check=AnswerCheck.CONFIDENCE, min_confidence=least)
        yield f"cascade, confidence {least:.2f}", _cascade(settings), False


def _cascade(settings: CascadeSettings) -> ModelRoute:
    return ModelRoute(name="chat", strategy=RouteStrategy.CASCADE, cascade=settings)


def played(name: str, route: ModelRoute, tasks: Iterable[LabelledTask], *, named: bool) -> FrontierPoint:
    """Send all tasks through one route."""
    table, schemas = ModelTable((route,)), CompiledSchemas()
    check = CascadeCheck(route.cascade, schemas) if route.cascade is not None else None
    ends = [_answered(table, check, task, named=named) for task in tasks]
    count = len(ends)
    return FrontierPoint(
        name=name,
        cost=sum(one.cost for one in ends),
        accuracy=sum(one.right for one in ends) / count,
        too_small=sum(one.too_small for one in ends) / count,
        too_large=sum(one.too_large for one in ends) / count,
        escalated=sum(one.attempts > 1 for one in ends) / count,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The result of one task."""

    cost: float
    attempts: int
    right: bool
    too_small: bool
    too_large: bool


def _answered(table: ModelTable, check: CascadeCheck | None, task: LabelledTask, *, named: bool) -> _End:
    facts = RouteFacts(
        model="chat",
        prompt_tokens=task.prompt_tokens,
        structured_output=task.structured,
        difficulty=task.difficulty if named else None,
        prompt=task.prompt,
    )
    choice = table.choose(facts, 0.0)
    assert isinstance(choice, RouteChoice)
    tried, reply = [choice.target], replied(MODELS[choice.target], task)
    cost = MODELS[choice.target].rates.cost(reply.used)
    while check is not None and not _passes(check, task, reply):
        target = fallback.next_escalation(choice, tried)
        if target is None:
            break
        tried.append(target)
        reply = replied(MODELS[target], task)
        cost += MODELS[target].rates.cost(reply.used)
    answered = tried[-1]
    return _End(
        cost=cost,
        attempts=len(tried),
        right=reply.right,
        too_small=answered == SMALL.target and not reply.right and replied(LARGE, task).right,
        too_large=answered == LARGE.target and replied(SMALL, task).right,
    )


def _passes(check: CascadeCheck, task: LabelledTask, reply: PretendedReply) -> bool:
    wanted = wanted_in(task_mix.WANTED) if task.structured else None
    return not check.check(answer_in(reply.body), wanted).failed
