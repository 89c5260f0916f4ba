"""A fake judge behind an endpoint: it counts its requests, and may be broken, silent, odd or locked."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping

from fairlead.cluster.pod_http import PodReply


class Killed(BaseException):
    """The operator was killed while it waited for a reply."""


def likes_length(first: str, second: str) -> str:
    """Prefers by length alone, in either order."""
    return f"VERDICT: {'TIE' if len(first) == len(second) else 'A' if len(first) > len(second) else 'B'}"


class PretendedJudge:
    """The judge's replies, and a record of its requests."""

    def __init__(self) -> None:
        self.preference: Callable[[str, str], str] = likes_length
        self.questions: Counter[str] = Counter()
        """Pairs, each in both orders."""
        self.settings: set[tuple[str, str, str]] = set()
        """Address, model and instructions."""
        self.refusals = 0
        self.key = ""
        """The key that it requires; empty: none."""
        self.status = 200
        self.body: bytes | None = None
        """The body of every reply, in place of a chat completion."""
        self.reasons = False
        """It is a reasoning model of OpenAI's API: it takes no `max_tokens` and no temperature."""
        self.refused = ""
        """Words that its content filter does not let pass."""
        self.away = False
        self.dies_at: int | None = None
        """The operator is killed while this request is in flight."""

    def reply(self, url: str, body: bytes, headers: Mapping[str, str]) -> PodReply | None:
        """Reply to one request."""
        if self.away:
            return None
        if self.key and headers.get("Authorization") != f"Bearer {self.key}":
            return PodReply(401, b"who are you, and what is your secret?")
        request = json.loads(body)
        if self.reasons and {"max_tokens", "temperature", "seed"} & request.keys():
            self.refusals += 1
            return PodReply(400, b"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        system, question = (one["content"] for one in request["messages"])
        if self.refused and self.refused in question:
            return PodReply(400, b'{"error": {"code": "content_filter"}}')
        self.questions[question] += 1
        self.settings.add((url, request["model"], system))
        if self.dies_at == self.questions.total():
            raise Killed
        first, second = re.findall(r"\[Answer [AB]\]\n(.*)", question)
        choice = {"message": {"content": self.preference(first, second)}, "finish_reason": "stop"}
        return PodReply(self.status, self.body or json.dumps({"choices": [choice]}).encode())


class JudgeAccess:
    """The part of a client that reaches the judge."""

    def __init__(self) -> None:
        self.judge = PretendedJudge()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> PodReply | None:  # noqa: ARG002
        """Post to the judge."""
        return self.judge.reply(url, body, headers)
