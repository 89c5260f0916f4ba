"""How good plans from simulation are: `python -m bench.played_plans [--questions N]`, JSON on standard output.

Questions are drawn: a model, objectives for first tokens and time per token, a rate, a burst, lengths and a share of
prompts that is cached. The plan is made with one set of seeds and evaluated with others: whether its fleet keeps the
objectives on three fresh ones, and whether a fleet at no more than ten elevenths of its cost does so too: of every
candidate configuration, as many replicas as that buys, with every batch.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

from fairlead.backtest import drawn_traffic, plan_room, played_plan
from fairlead.backtest.plan_player import PlanPlayer
from fairlead.backtest.play import KEPT_GOAL, PlayedTraffic, PlaySettings
from fairlead.backtest.played_plan import LARGER, SMALLER
from fairlead.cli import plan_play
from fairlead.cli.simulate_inputs import SeededStreams
from fairlead.cluster import package_data
from fairlead.engines.catalogue import DEFAULT, ENGINES
from fairlead.fleet.capacity_plan import FleetProposal, LatencyObjectives
from fairlead.fleet.traffic import TokenLengths, Traffic
from fairlead.review import engine_objections
from fairlead.sizing import capacity_planning
from fairlead.sizing.capacity_planning import PlanInputs

MODELS: Final = (
    "meta-llama/Llama-3.1-8B-Instruct",
    "Qwen/Qwen2.5-7B-Instruct",
    "Qwen/Qwen2.5-32B-Instruct",
    "meta-llama/Llama-3.1-70B-Instruct",
)
QUESTIONS: Final = 40
FRESH: Final = (1001, 1002, 1003)
DEARER: Final = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuestion:
    """A question that a user might put to `fairlead plan`."""

    model: str
    objectives: LatencyObjectives
    traffic: Traffic


def questions(number: int) -> Iterator[PlanQuestion]:
    """Draw from a recorded seed."""
    chance = random.Random("plans")  # noqa: S311  # recorded
    for _ in range(number):
        prompt, reply = chance.choice((200, 500, 1000, 2000, 4000)), chance.choice((50, 100, 200, 400))
        yield PlanQuestion(
            model=chance.choice(MODELS),
            objectives=LatencyObjectives(
                ttft_p95_s=chance.choice((0.7, 1.0, 2.0, 5.0)), tpot_p95_s=chance.choice((0.04, 0.06, 0.1))
            ),
            traffic=Traffic(
                requests_per_second=round(10 ** chance.uniform(-0.5, 1.0), 2),
                burst=chance.choice((1.0, 1.3, 1.6, 2.0)),
                prompt=TokenLengths.of_percentiles(prompt, prompt * 2.5, prompt * 4),
                output=TokenLengths.of_percentiles(reply, reply * 2.5, reply * 4),
                cacheable=chance.choice((0.0, 0.0, 0.3, 0.6)),
            ),
        )


def judged(one: PlanQuestion) -> dict[str, Any]:
    """The plan, its fleet's result on fresh seeds, and a cheaper fleet that did as well."""
    catalogue = package_data.load_catalogue()
    inputs = PlanInputs(
        release=ENGINES[DEFAULT].memory(""),
        objection=engine_objections.of_plan(catalogue.shapes[one.model], ENGINES[DEFAULT]),
        shape=catalogue.shapes[one.model],
        accelerators=tuple(catalogue.accelerators.values()),
        traffic=one.traffic,
        objectives=one.objectives,
    )
    planned = capacity_planning.plan(inputs)
    options = played_plan.configurations(planned)
    player = _player(one, inputs, range(plan_play.SEEDS))
    found = played_plan.search(options, player)
    answer: dict[str, Any] = {"question": str(one), "plays": player.played, "proposal": None}
    if found.best is None:
        return answer
    roomiest = plan_room.roomiest(found.best, player.sped_up)
    best, fresh = roomiest.best.proposal, _player(one, inputs, FRESH)
    cheaper = _cheaper(options, best.cost_per_hour / DEARER, fresh)
    return answer | {
        "proposal": f"{best.replicas} x ({best.configuration.words}), batch {best.supply.concurrent}",
        "usd": best.cost_per_hour,
        "reckoned_usd": planned.best.cost_per_hour if planned.best else None,
        "kept": fmean(run.report.kept for run in _all(one, inputs, best)),
        "cheaper": cheaper,
    }


def _cheaper(options: Sequence[FleetProposal], most: float, fresh: PlanPlayer) -> str | None:
    """A fleet that costs no more than `most` and keeps the objectives on all fresh seeds."""
    for proposal in options:
        replicas = int(most / (proposal.cost_per_hour / proposal.replicas) + 1e-9)
        for part in (1.0, *SMALLER, *LARGER) if replicas else ():
            limit = max(1, round(proposal.supply.concurrent * part))
            changed = played_plan.with_replicas(proposal, replicas, limit)
            runs = fresh(changed)
            if runs and all(run.keeps for run in runs):
                return f"{replicas} x ({proposal.configuration.words}), batch {limit}, {changed.cost_per_hour:.2f} USD"
    return None


def _player(one: PlanQuestion, inputs: PlanInputs, seeds: Sequence[int]) -> PlanPlayer:
    return PlanPlayer(
        made=plan_play.maker(one.model, None, None, "planned"),
        traffics=[_drawn(one, inputs, seed) for seed in seeds],
        settings=PlaySettings(streams=SeededStreams(0), objectives=one.objectives),
    )


def _all(one: PlanQuestion, inputs: PlanInputs, proposal: FleetProposal) -> list[Any]:
    """Run every fresh seed, whatever the first gave."""
    return [_player(one, inputs, (seed,))(proposal)[0] for seed in FRESH]


def _drawn(one: PlanQuestion, inputs: PlanInputs, seed: int) -> PlayedTraffic:
    return drawn_traffic.drawn(one.traffic, inputs.context, SeededStreams(seed)("plan"))


def main() -> int:
    """Run all questions, two at a time."""
    parser = argparse.ArgumentParser(prog="played_plans", description=__doc__)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = []
        for row in pool.map(judged, questions(options.questions)):
            print(json.dumps(row), file=sys.stderr, flush=True)
            rows.append(row)
    print(json.dumps(summary(rows), indent=1))
    return 0


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares of the questions that had an answer."""
    answered = [row for row in rows if row["proposal"]]
    ratios = [row["usd"] / row["reckoned_usd"] for row in answered if row["reckoned_usd"]]
    return {
        "questions": len(rows),
        "answered": len(answered),
        "kept": sum(row["kept"] >= KEPT_GOAL for row in answered),
        "cheapest": sum(row["cheaper"] is None for row in answered),
        "of_reckoned": fmean(ratios) if ratios else None,
        "plays": fmean(row["plays"] for row in rows),
    }


if __name__ == "__main__":
    sys.exit(main())
