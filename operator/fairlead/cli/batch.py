"""`fairlead batch INPUT --to URL --output OUT`: send the requests of an OpenAI batch file."""

import argparse
import sys

from fairlead.cli import file_errors, options

EPILOG = (
    "INPUT holds one request a line: custom_id, method, url and body, as for OpenAI's batch API; `.gz` and - for "
    "standard input too. All lines are checked before any is sent. Run the same command again to go on: what --output "
    "holds an answer to is not sent again. Ends with 0 if all are answered, 1 if some failed, 2 for wrong arguments or "
    "input, 3 if --until was reached, 4 if the address cannot be used, 130 or 143 after a signal."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    parser.add_argument("input", metavar="INPUT", type=options.file_name, help="requests as JSON lines; - for stdin")
    parser.add_argument("--to", required=True, metavar="URL", help="a router, gateway or any OpenAI-compatible address")
    parser.add_argument(
        "--output", required=True, metavar="OUT", type=options.file_name, help="where answers are appended"
    )
    parser.add_argument(
        "--errors", metavar="FILE", type=options.file_name, help="where failures are written (OUT.errors.jsonl)"
    )
    parser.add_argument(
        "--concurrency", type=int, default=64, metavar="N", help="requests at a time, at most; fewer when refused (64)"
    )
    parser.add_argument(
        "--api-key-file", metavar="FILE", type=options.file_name, help="holds the key (the variable OPENAI_API_KEY)"
    )
    parser.add_argument(
        "--until", metavar="TIME", help="send nothing later: 8h, 06:00 (local time) or 2026-12-01T06:00Z"
    )
    options.add_timeout(parser, "13h", "of one request, its wait in the router included")
    parser.add_argument(
        "--give-up-after", default="30m", metavar="DURATION", help="end if nothing is answered for so long (30m)"
    )
    parser.add_argument("-o", "--format", choices=("text", "json"), default="text", help="how to print the summary")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 all answered, 1 some failed, 2 invalid, 3 time over, 4 unusable, 130 or 143 after a signal."""
    from fairlead.batcher.batch_input import InputUnreadable
    from fairlead.batcher.output_file import OutputUnusable
    from fairlead.cli import batch_inputs, batch_run
    from fairlead.cli.argument_values import ArgumentValueError

    try:
        return batch_run.run(batch_inputs.read(chosen))
    except OSError as problem:
        if problem.filename is None:
            raise
        print(f"fairlead batch: {file_errors.sentence(problem)}", file=sys.stderr)
    except (ArgumentValueError, InputUnreadable, OutputUnusable) as problem:
        print(f"fairlead batch: {problem}", file=sys.stderr)
    return 2
