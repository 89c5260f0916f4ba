"""Runs `fairlead evaluate` from its inputs to its exit code."""

import asyncio
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Final

import aiohttp

from fairlead.cli import evaluate_text
from fairlead.cli.evaluate_inputs import EvaluateInputs
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.progress import Side
from fairlead.evaluator import endpoint_client
from fairlead.evaluator.endpoint_client import EndpointClient, EndpointUnusable
from fairlead.evaluator.endpoint_judge import EndpointJudge
from fairlead.evaluator.journal_file import JournalFile, JournalInUse
from fairlead.evaluator.run import EvaluationRun, RunResult
from fairlead.fleet.gate_verdicts import Verdict

EXIT_CODES: Final = {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.UNDECIDED: 3, Verdict.ERROR: 4}
_INTERRUPTED: Final = 130
JUDGED_BY: Final = RequestSettings(max_tokens=1024)
"""How a judge answers: greedily, with enough tokens to think in a few sentences."""


def run(inputs: EvaluateInputs) -> int:
    """Send the items, print the result, and return it as an exit code."""
    try:
        with ExitStack() as stack:
            journals = {side: stack.enter_context(JournalFile(path)) for side, path in inputs.journals.items()}
            kept = {side: journal.kept for side, journal in journals.items()}
            result = asyncio.run(_run(inputs, journals))
    except (EndpointUnusable, JournalInUse, OSError) as problem:
        print(f"\rfairlead evaluate: {problem}", file=sys.stderr)
        return EXIT_CODES[Verdict.ERROR]
    except KeyboardInterrupt:
        folder = next(iter(inputs.journals.values())).parent
        print(f"\rfairlead evaluate: interrupted; {folder} keeps the answers, run again to go on", file=sys.stderr)
        return _INTERRUPTED
    for side in set(Side) - inputs.kept if result.report is not None else ():
        journals[side].finish()
    print(evaluate_text.RENDER[inputs.output](evaluate_text.ShownRun(inputs=inputs, result=result, kept=kept)))
    return EXIT_CODES[Verdict.UNDECIDED if result.report is None else result.report.verdict.verdict]


async def _run(inputs: EvaluateInputs, journals: dict[Side, JournalFile]) -> RunResult:
    async with endpoint_client.opened(inputs.settings.concurrency) as session:
        clients = {
            side: EndpointClient(session, address, inputs.request, _now) for side, address in inputs.addresses.items()
        }
        made = EvaluationRun(
            items=inputs.items,
            clients=clients,
            journals=journals,
            settings=inputs.settings,
            report=_progress,
            judge=_judge(inputs, session),
        )
        return await made.run()


def _judge(inputs: EvaluateInputs, session: aiohttp.ClientSession) -> EndpointJudge | None:
    if inputs.judge is None:
        return None
    client = EndpointClient(session, inputs.judge.address, JUDGED_BY, _now)
    return EndpointJudge(client, inputs.judge.instructions, inputs.judge.journal)


def _now() -> datetime:
    return datetime.now(UTC)


def _progress(ended: int, of: int) -> None:
    """On a terminal, overwrite one line with the progress."""
    if sys.stderr.isatty():
        end = "\n" if ended == of else ""
        print(f"\r{ended:,} of {of:,} answers", end=end, file=sys.stderr, flush=True)
