"""`fairlead evaluate FILE`: whether a candidate answers your own items as well as a baseline; `plan`: how many."""

import argparse
import sys

from fairlead.cli import file_errors, options

SCORERS = ("exact", "one-of", "contains", "regex", "number", "choice", "json-schema", "json-field", "tool", "judge")
"""As in `evaluating.scorers`, which is not imported here so that help appears at once."""

_JUDGE = (
    ("", ("URL", "of scorer judge: the model that compares both answers, OpenAI-compatible")),
    ("-model", ("NAME", "its model, if it serves several")),
    ("-key-env", ("VARIABLE", "holds its key (none is sent)")),
    (
        "-instructions",
        ("FILE", "its instructions, instead of the default; they must ask for a line VERDICT: A, B or TIE"),
    ),
)

EPILOG = (
    "FILE holds one JSON object a line: input (a text or messages) and the answer as target, ideal, expected_output, "
    "ground_truth or promptfoo's vars and assert; id and tags if you like. `fairlead evaluate plan` says how many "
    "items a margin needs. Ends with 0 if the candidate passes, 1 if it fails, 3 if the items leave it open, 4 if an "
    "endpoint or the evaluation itself is broken, 2 for wrong arguments."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE|plan", help="items as JSON lines, or the word plan")
    _endpoints(parser)
    _items(parser)
    parser.add_argument("--margin", default="2", metavar="POINTS", help="how much worse it may be (2)")
    parser.add_argument("--min-items", type=int, default=0, metavar="N", help="undecided with fewer (0)")
    parser.add_argument("--expected-score", metavar="PERCENT", help="the baseline's score as measured elsewhere")
    parser.add_argument("--power", default="80", metavar="PERCENT", help="chance that an equal candidate passes (80)")
    parser.add_argument(
        "--discordance",
        metavar="PERCENT",
        help="answers that are expected to differ (as the noise shows; plan: 5, or --difference if that is more)",
    )
    parser.add_argument("--difference", default="0", metavar="POINTS", help="plan: how much better it truly is (0)")
    parser.add_argument("--items", type=int, metavar="N", help="plan: print what this many items can show")
    parser.add_argument("--anyway", action="store_true", help="run a set that is too small for its margin")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def _endpoints(parser: argparse.ArgumentParser) -> None:
    for side in ("baseline", "candidate"):
        parser.add_argument(f"--{side}", metavar="URL", help=f"the {side}, OpenAI-compatible")
        parser.add_argument(f"--{side}-model", default="", metavar="NAME", help="its model, if it serves several")
        parser.add_argument(
            f"--{side}-key-env", default="OPENAI_API_KEY", metavar="VARIABLE", help="holds its key (OPENAI_API_KEY)"
        )
        parser.add_argument(
            f"--{side}-revision", default="", metavar="NAME", help="keep its answers under this name, for later runs"
        )
    parser.add_argument("--concurrency", type=int, default=16, metavar="N", help="requests at a time (16)")
    options.add_timeout(parser, "10m", "of one request")
    parser.add_argument(
        "--journal",
        default="fairlead-evaluation",
        metavar="FOLDER",
        help="where answers are kept (fairlead-evaluation)",
    )


def _items(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scorer", choices=SCORERS, default="exact", help="when an answer is right (exact)")
    for name, words in _JUDGE:
        parser.add_argument(f"--judge{name}", default="", metavar=words[0], help=words[1])
    parser.add_argument("--ignore-case", action="store_true", help="of texts")
    parser.add_argument(
        "--tolerance", default="0", metavar="NUMBER", help="of numbers: 0.01, or 1%% of what is expected"
    )
    parser.add_argument(
        "--field", default="", metavar="PATH", help="of JSON answers: the field, for instance city.name"
    )
    parser.add_argument("--schema", metavar="FILE", help="a JSON schema for all items that have no answer")
    parser.add_argument(
        "--choices", type=int, default=0, metavar="N", help="of which one is right: its share is chance"
    )
    parser.add_argument("--max-tokens", type=int, default=1024, metavar="N", help="of an answer (1024)")
    parser.add_argument(
        "--samples", type=int, default=1, metavar="N", help="answers to each item, for noisy engines (1)"
    )
    parser.add_argument(
        "--noise-items", type=int, default=100, metavar="N", help="that the baseline answers twice at first (100)"
    )


def run(chosen: argparse.Namespace) -> int:
    """Return 0 passed, 1 failed, 2 invalid arguments, 3 undecided, 4 broken, 130 interrupted."""
    from fairlead.cli import evaluate_inputs, evaluate_plan, evaluate_run
    from fairlead.cli.argument_values import ArgumentValueError

    try:
        inputs = evaluate_inputs.plan(chosen) if chosen.file == evaluate_inputs.PLAN else evaluate_inputs.read(chosen)
    except OSError as problem:
        print(f"fairlead evaluate: {file_errors.sentence(problem)}", file=sys.stderr)
        return 2
    except (evaluate_inputs.EvaluateArgumentError, ArgumentValueError) as problem:
        print(f"fairlead evaluate: {problem}", file=sys.stderr)
        return 2
    if isinstance(inputs, evaluate_inputs.EvaluateInputs):
        return evaluate_run.run(inputs)
    return evaluate_plan.run(inputs, chosen)
