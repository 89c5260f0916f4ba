"""The same tasks through a real router in its own process; its models are APIs that know the truth."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from bench.gateway_world import answering, routers
from bench.gateway_world.answering import EngineSide, Json
from bench.gateway_world.routers import RouterProcess
from bench.right_sizing.pretended_models import VALID, PretendedModel, PretendedReply, replied
from bench.right_sizing.task_mix import SCHEMA, LabelledTask
from fairlead.accounting.token_rates import MILLION

PORT: Final = 8361
TENANT: Final = "acme"
AT_ONCE: Final = 16
FORM: Final = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}
RIGHT: Final = frozenset({"The answer.", VALID})


@dataclass(slots=True)
class ServedModels:
    """The models of one run, by the names that the router sends, and all their answers."""

    models: Mapping[str, PretendedModel]
    tasks: Mapping[int, LabelledTask]
    given: dict[tuple[str, int], list[PretendedReply]] = field(default_factory=dict)
    """By model and task, in order."""

    async def answer(self, document: Json, side: EngineSide) -> None:
        """Send one answer, the same for the same model, task and attempt."""
        name, number = document["model"], int(document["user"])
        before = self.given.setdefault((name, number), [])
        reply = replied(self.models[name], self.tasks[number], len(before))
        before.append(reply)
        usage = {"prompt_tokens": reply.used.prompt, "completion_tokens": reply.used.output}
        side.whole(json.dumps(json.loads(reply.body) | {"usage": usage}).encode())

    def of(self, name: str) -> list[list[PretendedReply]]:
        """One model's answers, in a list for each of its tasks."""
        return [replies for (model, _), replies in self.given.items() if model == name]

    def cost(self, *names: str) -> float:
        """The cost of their answers at their prices."""
        every = ((self.models[name], one) for name in names for replies in self.of(name) for one in replies)
        return sum(model.rates.cost(one.used) for model, one in every)


@asynccontextmanager
async def served(folder: Path, models: ServedModels, routes: Sequence[Json]) -> AsyncIterator[RouterProcess]:
    """Run a router with these routes to the models, each `external/NAME`."""
    async with answering.answering(models.answer) as address:
        externals = [routers.external(name, address, **_prices(one)) for name, one in models.models.items()]
        tenants = routers.tenants(folder, [TENANT])
        config = routers.written(folder, externals=externals, routes=list(routes), routing={"tenants": tenants})
        async with routers.router(config, PORT) as router:
            yield router


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """A client's result for one task, with the router's receipt."""

    number: int
    right: bool
    target: str
    escalated: bool


async def answered(
    router: RouterProcess, route: str, tasks: Sequence[LabelledTask], *, named: bool = False
) -> list[TaskResult]:
    """Send all tasks through one route, each reported to the router as its client sees it."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(task: LabelledTask) -> TaskResult:
        async with gate:
            return await _answered(router, route, task, named=named)

    return list(await asyncio.gather(*map(one, tasks)))


async def _answered(router: RouterProcess, route: str, task: LabelledTask, *, named: bool) -> TaskResult:
    name = f"{route}-{task.number}"
    text = task.prompt.partition(b"\x1e")[2].decode()
    document: Json = {
        "model": route,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": task.output_tokens,
        "user": str(task.number),
    }
    headers = {"x-fairlead-task": name}
    if task.structured:
        document["response_format"] = FORM
    if named:
        headers["x-fairlead-difficulty"] = task.difficulty.value
    answer = await router.chat(document, f"sk-{TENANT}", headers)
    if answer.status != 200:
        raise SystemExit(f"bench: a task was answered with {answer.status}: {answer.body[:200]!r}")
    right = answer.text in RIGHT
    report = {"task": name, "success": right}
    receipt = await router.clients.post("/fairlead/v1/outcomes", report, {"authorization": f"Bearer sk-{TENANT}"})
    if receipt.status != 200:
        raise SystemExit(f"bench: an outcome was answered with {receipt.status}: {receipt.body[:200]!r}")
    return TaskResult(
        number=task.number,
        right=right,
        target=answer.headers["x-fairlead-target"],
        escalated="x-fairlead-escalated" in answer.headers,
    )


def _prices(model: PretendedModel) -> dict[str, str]:
    rates = model.rates
    return {"prompt": f"{rates.prompt * MILLION:.6f}", "output": f"{rates.output * MILLION:.6f}"}


def document_of(value: Any) -> Any:  # noqa: ANN401 - any value of a route, as its file spells it
    """A route as in the router's file."""
    if is_dataclass(value) and not isinstance(value, type):
        found = ((_camel(one.name), getattr(value, one.name)) for one in fields(value))
        return {name: document_of(one) for name, one in found if one not in (None, (), frozenset())}
    if isinstance(value, tuple | frozenset):
        return [document_of(one) for one in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
