"""`fairlead calibrate`: measure how fast one deployment is, from its engine's metrics or from a recorded run."""

import argparse
import sys

from fairlead.cli import file_errors, options

EPILOG = (
    "Give the engine's own command after --, as `fairlead render` shows it: its model, parallelism and limits are read "
    "from there. The file that --out writes is taken by `fairlead engine --step-times` and by the simulator. With "
    "--sweep the engine, vLLM or SGLang, is started here, without weights, as often as needed, by this interpreter or "
    "by the one that FAIRLEAD_VLLM_PYTHON or FAIRLEAD_SGLANG_PYTHON names."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--url", metavar="URL", help="a running engine under load, for instance http://10.0.0.7:8000")
    source.add_argument("--recorded", metavar="FILE", help="timeseries.csv of a recorded run: a row a second")
    source.add_argument(
        "--sweep", action="store_true", help="start the engine here and measure its steps at every batch and length"
    )
    parser.add_argument(
        "--budget",
        default="9m",
        metavar="TIME",
        help="with --sweep: how long one run may take (9m); the next continues",
    )
    parser.add_argument(
        "--config-json", metavar="FILE", help="with --sweep: the model's own config.json; no model is fetched then"
    )
    parser.add_argument(
        "--draft-config-json",
        metavar="FILE",
        action="append",
        help="with --sweep: a draft model's or an EAGLE-3 head's config.json, to measure speculative decoding with "
        "such a draft; may stand once for each; vLLM only",
    )
    parser.add_argument(
        "--variants",
        metavar="NAME,...",
        help="with --sweep: measure only these, for instance asGiven,eagle3; a later run can measure the others",
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to watch a running engine (60)")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two scrapes (1)")
    parser.add_argument(
        "--product", required=True, help="the GPU it runs on, as the catalogue names it; CPU with --sweep"
    )
    parser.add_argument("--gpus", type=int, default=1, help="number of GPUs of one replica")
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("--out", metavar="FILE", help="file to write the result to")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
    parser.add_argument(
        "vllm",
        nargs=argparse.REMAINDER,
        metavar="-- vllm serve MODEL ...",
        help="the engine's command; with --sweep also `sglang serve`",
    )


def run(chosen: argparse.Namespace) -> int:
    """Return 0 with shares, 1 if the observations do not determine them, 2 for invalid arguments."""
    if chosen.sweep:
        from fairlead.cli.sweep import command

        return command.run(chosen)
    from fairlead.cli import calibrate_inputs
    from fairlead.simulator.timing import calibration_file
    from fairlead.simulator.timing.rate_shares import TooFewStretches

    try:
        target = calibrate_inputs.read(chosen)
        seen = calibrate_inputs.observations(chosen, target, _report)
    except OSError as problem:
        print(f"fairlead calibrate: {file_errors.sentence(problem)}", file=sys.stderr)
        return 2
    except (calibrate_inputs.CalibrateArgumentError, ValueError) as problem:
        print(f"fairlead calibrate: {problem}", file=sys.stderr)
        return 2
    calibration = calibration_file.calibrate(target.sizing, seen, target.times, calibrate_inputs.source(chosen))
    because = (
        str(calibration)
        if isinstance(calibration, TooFewStretches)
        else calibrate_inputs.undetermined(calibration.shares)
    )
    if isinstance(calibration, TooFewStretches) or because:
        print(f"fairlead calibrate: {because}", file=sys.stderr)
        return 1
    if warning := calibrate_inputs.doubtful(calibration.shares):
        print(f"fairlead calibrate: {warning}", file=sys.stderr)
    written = calibration_file.as_json(calibration)
    print(written.rstrip() if chosen.output == "json" else calibration.origin.line())
    return 0 if chosen.out is None or calibrate_inputs.write(chosen.out, written, _report) else 2


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
