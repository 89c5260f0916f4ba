"""A judge behind an endpoint: compares each pair in both orders, and keeps verdicts at once: none is paid twice."""

import asyncio
from pathlib import Path

from fairlead.evaluating import judge, requests, verdict_lines
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.judge import PairVerdict, Preference
from fairlead.evaluating.replies import ItemReply
from fairlead.evaluator.endpoint_client import EndpointClient, EndpointUnusable


class EndpointJudge:
    """One judge and its journal."""

    def __init__(self, client: EndpointClient, instructions: str, path: Path) -> None:
        self._client = client
        self._instructions = instructions
        self._path = path
        kept = path.read_text(encoding="utf-8") if path.exists() else ""
        self.verdicts: dict[str, PairVerdict] = verdict_lines.read(kept.splitlines())
        self._lead = "\n" if kept and not kept.endswith("\n") else ""
        """Ends a line that a crash cut, before the next one."""
        self._pending: set[str] = set()

    async def find_model(self) -> None:
        """Take its only model, unless one was chosen."""
        await self._client.find_model()

    async def compare(self, item: EvaluationItem, before: JournalLine, after: JournalLine) -> None:
        """Request a verdict for a pair without one; raises `EndpointUnusable` if there is no reply."""
        key = judge.key(before, after)
        if key in self.verdicts or key in self._pending or not judge.needs_judge(before, after):
            return
        self._pending.add(key)
        pair = judge.questions(item, before, after, self._instructions)
        replies = await asyncio.gather(*(self._client.answer_as_judge(one) for one in pair))
        for reply in replies:
            if reply.error and not await self._refuses_only(reply):
                raise EndpointUnusable(
                    f"judge: no reply to item {item.name}: {reply.error[:80]}; check the endpoint and run "
                    "again: the journal keeps what was answered"
                )
        plain, turned = (Preference.UNREADABLE if one.error else judge.preference(one.text) for one in replies)
        self.verdicts[key] = PairVerdict(plain=plain, turned=turned)
        with self._path.open("a", encoding="utf-8") as journal:
            journal.write(f"{self._lead}{verdict_lines.written(key, self.verdicts[key])}\n")
        self._lead = ""

    async def _refuses_only(self, reply: ItemReply) -> bool:
        """Whether it refuses this pair, by its length or a content filter, and answers a short question."""
        if not reply.error.startswith(f"{requests.REFUSED} "):
            return False
        return not (await self._client.answer_as_judge(judge.control(self._instructions))).error
