"""A run over a large set: checks for an early verdict take a small part of its time."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from fairlead.comparing.quality import QualityPlan
from fairlead.comparing.sample_size import ItemPlan
from fairlead.evaluating import item_file
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.progress import RunProgress, Side
from fairlead.evaluating.replies import ItemReply
from fairlead.evaluating.scorers import ScorerSettings
from fairlead.evaluator.endpoint_client import EndpointClient
from fairlead.evaluator.journal_file import JournalFile
from fairlead.evaluator.run import EvaluationRun, RunResult, RunSettings

ITEMS = 2000


class Prompt(EndpointClient):
    """An endpoint that answers everything at once, and rightly."""

    def __init__(self) -> None:
        pass

    async def find_model(self) -> None:
        """It has one."""

    async def answer(self, item: EvaluationItem) -> ItemReply:
        """Repeat the question."""
        return ItemReply(text=str(item.messages[0]["content"]))


async def ran(folder: Path) -> RunResult:
    lines = [json.dumps({"id": one, "input": f"{one}", "target": f"{one}"}).encode() for one in range(ITEMS)]
    found, _ = item_file.read(lines, ScorerSettings())
    plan = QualityPlan(items=ITEMS, margin=0.02)
    with JournalFile(folder / "one.jsonl") as one, JournalFile(folder / "two.jsonl") as two:
        run = EvaluationRun(
            items=found,
            clients=dict.fromkeys(Side, Prompt()),
            journals={Side.BASELINE: one, Side.CANDIDATE: two},
            settings=RunSettings(plan=plan, item_plan=ItemPlan(margin=0.02, discordance=0.0), noise_items=0),
            report=lambda *_: None,
        )
        return await run.run()


def test_the_more_answers_there_are_the_more_come_between_two_checks_that_read_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks, usual = Counter[str](), RunProgress.decided_early

    def counted(progress: RunProgress, plan: QualityPlan) -> bool:
        checks["all"] += 1
        return usual(progress, plan)

    monkeypatch.setattr(RunProgress, "decided_early", counted)
    result = asyncio.run(ran(tmp_path))
    assert result.report is not None
    assert result.report.verdict.verdict == "Passed"
    assert result.sent == 2 * ITEMS
    assert 50 < checks["all"] < 160, "of 4,000 answers; after every tenth there would be 400"
