"""The `fairlead` command: the list of commands, and the error for an unknown one."""

import argparse
import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import fairlead
from fairlead.cli import (
    advise,
    autoscaler_command,
    batch,
    calibrate,
    console,
    digest,
    engine,
    evaluate,
    evaluator_command,
    exit_codes,
    explain,
    loader,
    operator_command,
    plan,
    render,
    replay,
    rollout,
    router,
    selftest,
    simulate,
    top,
    tune,
    validate,
    version,
    why,
)

Command = Callable[[argparse.Namespace], int]

COMMANDS: Final[Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None], Command]]] = {
    "validate": ("review files as admission would, without a cluster", validate.arguments, validate.run),
    "render": ("show what would be started", render.arguments, render.run),
    "plan": ("propose a fleet for a model, objectives and traffic", plan.arguments, plan.run),
    "simulate": ("simulate deployments on recorded traffic before they are applied", simulate.arguments, simulate.run),
    "advise": ("show what limits a service, and what would fix it", advise.arguments, advise.run),
    "tune": ("search a policy's fields on recorded traffic, and judge them on the rest", tune.arguments, tune.run),
    "batch": ("send the requests of an OpenAI batch file", batch.arguments, batch.run),
    "evaluate": ("say whether a candidate answers your own items as well", evaluate.arguments, evaluate.run),
    "explain": (
        "say why a deployment has this many replicas, and what would change it",
        explain.arguments,
        explain.run,
    ),
    "why": ("say what is wrong right now, and what to do about it", why.arguments, why.run),
    "top": ("show what every deployment has, needs and costs, live", top.arguments, top.run),
    "rollout": ("show a canary, and pause, promote, abort or retry it", rollout.arguments, rollout.run),
    "console": ("open the operator's console on 127.0.0.1", console.arguments, console.run),
    "replay": ("decide kept decisions again, and compare", replay.arguments, replay.run),
    "operator": (
        "reconcile and decide replicas: controller and autoscaler in one",
        operator_command.arguments,
        operator_command.run,
    ),
    "controller": (
        "reconcile only; the autoscaler runs apart",
        operator_command.controller_arguments,
        operator_command.run,
    ),
    "autoscaler": (
        "decide replicas; several processes share the work",
        autoscaler_command.arguments,
        autoscaler_command.run,
    ),
    "router": ("pass requests on to engines: the data plane", router.arguments, router.run),
    "evaluator": (
        "read items: what the pods of an Evaluation run",
        evaluator_command.arguments,
        evaluator_command.run,
    ),
    "engine": ("emulate vLLM, SGLang or TensorRT-LLM without a GPU", engine.arguments, engine.run),
    "loader": ("load LoRA adapters into the engine beside it", loader.arguments, loader.run),
    "digest": ("print the digest of a LoRA adapter, and what its files say", digest.arguments, digest.run),
    "selftest": ("start a simulated engine and send a request: what helm test runs", selftest.arguments, selftest.run),
    "calibrate": ("measure how fast one deployment really is", calibrate.arguments, calibrate.run),
    "version": ("print the versions of Fairlead and of what it stands on", version.arguments, version.run),
}

OPTIONS: Final = ("-h", "--help", "--version")
"""What may stand in place of a command."""
IN_CLUSTER: Final = ("operator", "controller", "autoscaler")
"""Commands whose flags must be written in full: the chart refuses by name what its own values set."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 for success, 1 for failure, 2 for invalid arguments."""
    return exit_codes.complete(list(sys.argv[1:] if argv is None else argv), _run)


def _run(words: Sequence[str]) -> int:
    parser = _parser()
    if not words:
        parser.print_help()
        return 0
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        print(_unknown(words[0]), file=sys.stderr)
        return 2
    if words[0].startswith("-") and not any(option.startswith(words[0]) for option in OPTIONS):
        parser.error(f"unrecognized arguments: {words[0]}; a command comes first, and `fairlead --help` lists them")
    chosen, strange = parser.parse_known_args(words, argparse.Namespace(words=words))
    if strange:
        hint = (
            engine.SEPARATED if chosen.command == "engine" else f"`fairlead {chosen.command} --help` lists its options"
        )
        parser.error(f"unrecognized arguments: {' '.join(strange)}; {hint}")
    return COMMANDS[chosen.command][2](chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fairlead", description="Fleets of LLM engines on Kubernetes.")
    parser.add_argument("--version", action="version", version=f"fairlead {fairlead.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, arguments, _) in COMMANDS.items():
        whole = name in IN_CLUSTER
        arguments(commands.add_parser(name, help=summary, description=summary, allow_abbrev=not whole))
    return parser


def _unknown(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean `fairlead {near[0]}`?" if near else f"commands: {', '.join(COMMANDS)}"
    return f"fairlead: there is no command {word!r}; {hint}"
