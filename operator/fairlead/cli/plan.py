"""`fairlead plan`: the cheapest fleet for a model, objectives and traffic, played, ready to apply, with the others."""

import argparse
import sys

from fairlead.cli import file_errors, options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", help="a model of the catalogue, for instance meta-llama/Llama-3.1-8B-Instruct")
    parser.add_argument("--config-json", metavar="FILE", help="its own config.json, if the catalogue does not know it")
    parser.add_argument("--ttft-p95", metavar="DURATION", help="first token within, for 95 of 100, such as 1s or 800ms")
    parser.add_argument("--tpot-p95", metavar="DURATION", help="between two tokens, for 95 of 100, such as 60ms")
    parser.add_argument("--trace", metavar="FILE", help="recorded requests: Azure CSV, JSON lines, ServeGen; .gz too")
    parser.add_argument("--rate", metavar="R", help="requests a second, on average")
    parser.add_argument("--prompt", metavar="P50,P95,P99", help="prompt tokens")
    parser.add_argument("--reply", metavar="P50,P95,P99", help="reply tokens")
    parser.add_argument("--burst", metavar="X", help="the busiest minute over the mean (as recorded, or 1.5)")
    parser.add_argument("--cacheable", metavar="SHARE", help="share of prompt tokens a prefix cache holds, 0 to 0.99")
    parser.add_argument("--retries", metavar="SHARE", help="requests sent again, per request")
    parser.add_argument("--room", metavar="SHARE", help="plan for so many more requests: 0.1 for a tenth more (0)")
    parser.add_argument("--product", action="append", default=[], help="only these GPUs; may be repeated")
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("--keep-precision", action="store_true", help="propose no eight-bit weights or cache")
    parser.add_argument("--no-play", action="store_true", help="only calculate; simulate none of the proposals")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the drawn traffic (0)")
    parser.add_argument("--name", default="planned", help="the deployment's name")
    parser.add_argument("-o", "--output", choices=("text", "yaml", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 with a proposal, 1 if nothing keeps the objectives, 2 for invalid arguments."""
    from fairlead.cli import plan_inputs, plan_play, plan_text
    from fairlead.sizing import capacity_planning

    try:
        inputs = plan_inputs.read_inputs(chosen)
        planned = capacity_planning.plan(plan_inputs.with_room(inputs, plan_inputs.room(chosen)))
        plays = plan_play.played(chosen, inputs, planned)
        note = plan_play.undrawable(chosen, inputs)
    except OSError as problem:
        print(f"fairlead plan: {file_errors.sentence(problem)}", file=sys.stderr)
        return 2
    except (plan_inputs.PlanArgumentError, ValueError) as problem:
        print(f"fairlead plan: {problem}", file=sys.stderr)
        return 2
    source = plan_inputs.source(chosen.model)
    shown = plan_text.ShownPlan(
        planned=planned,
        plays=plays,
        name=chosen.name,
        source=source,
        objectives=inputs.objectives,
        note=note,
        simulated=not note and plan_play.is_played(chosen, inputs),
        chosen=bool(chosen.product),
    )
    nothing_to_apply = chosen.output == "yaml" and shown.answer is None
    print(plan_text.RENDER[chosen.output](shown), file=sys.stderr if nothing_to_apply else sys.stdout)
    return 0 if shown.answer else 1
