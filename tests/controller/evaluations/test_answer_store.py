"""Answers in ConfigMaps are read again as they were kept, so that a restarted operator sends no item twice."""

import asyncio

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.controller.evaluations.answer_store import AnswerStore, StoreSettings
from fairlead.evaluating.journal import JournalLine
from fairlead.objects.answer_journals import AnswerPlace
from tests.cluster.fake_objects import Objects
from tests.controller.server import PretendServer

HOLDER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "chat-aaaaaaaa", "namespace": "default", "uid": "u"},
}
PLACE = AnswerPlace(deployment="chat", revision="aaaaaaaa", holder=HOLDER, source="s")


def test_an_answer_with_the_line_ends_of_web_pages_is_there_after_a_restart() -> None:
    texts = ("plain", "line\u2028separator", "next\u0085line", "para\u2029graph", "line\nfeed")
    kept = [
        JournalLine(item=str(place), digest=str(place), sample=0, answer=ScoredAnswer(right=True), text=text)
        for place, text in enumerate(texts)
    ]
    server = PretendServer(Objects())

    async def story() -> None:
        await AnswerStore(server, PLACE, StoreSettings(of_any_trial=True)).add(kept)
        restarted = AnswerStore(server, PLACE, StoreSettings(of_any_trial=True))
        await restarted.load()
        assert restarted.answers == {one.key: one for one in kept}

    asyncio.run(story())
