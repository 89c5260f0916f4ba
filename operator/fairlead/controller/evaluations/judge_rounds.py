"""An evaluation's judge in a cluster: a few pairs at a time, each in both orders, with the key from its Secret.

The key is read when it is needed and never kept. Of a reply of the judge's address only the status is shown: anyone who
may write an Evaluation chooses that address, and the operator reaches networks that they may not.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.pod_http import CERTIFICATE_UNTRUSTED, PodReply
from fairlead.controller.interfaces import ControllerApiClient, PodAccess
from fairlead.evaluating import judge, replies, requests
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.judge import JudgeSettings, PairVerdict, Preference
from fairlead.evaluating.progress import UnjudgedPair
from fairlead.fleet.desired_state import SecretKey

TRIES: Final = 3
FIRST_WAIT_S: Final = 0.5
REPLY_S: Final = 120.0
AGAIN_S: Final = 30.0
"""After a round in which it gave no reply."""
JUDGED_BY: Final = RequestSettings(max_tokens=1024)
"""How a judge answers: greedily, and long enough for reasons in a few sentences."""
_BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})
_FINAL: Final[Mapping[int, str]] = {
    requests.REFUSED: "check its logs: the pair exceeds its context or content filter, or the model takes no "
    "max_completion_tokens",
    401: "it needs a key, or a different one: set spec.scorer.judge.keySecret",
    403: "this key is not allowed to use it: name another in spec.scorer.judge.keySecret",
    404: "it has no such model or path: correct spec.scorer.judge.model or url",
}


class JudgeUnusable(Exception):
    """It cannot be used, or does not answer; the message names the field and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRound:
    """The result of a round."""

    verdicts: Sequence[tuple[UnjudgedPair, PairVerdict]]
    trouble: str
    """Why there are not more verdicts; empty: all are there."""


@dataclass(slots=True, kw_only=True)
class JudgeRounds:
    """One judge, used for one run."""

    client: ControllerApiClient
    access: PodAccess
    settings: JudgeSettings
    namespace: str
    _trouble: str = ""
    _not_before: float = field(default=0.0)
    _is_plain: bool = False
    """It refused the usual settings, and took the others."""

    async def compare(self, pairs: Sequence[UnjudgedPair]) -> JudgedRound:
        """Judge all pairs at the same time; after a round without a reply, nothing is sent for a while."""
        clock = asyncio.get_running_loop().time
        if self._trouble and clock() < self._not_before:
            return JudgedRound(verdicts=(), trouble=self._trouble)
        try:
            headers = await self._headers()
        except JudgeUnusable as problem:
            found: list[PairVerdict | BaseException] = [problem]
        else:
            found = await asyncio.gather(*(self._compare(one, headers) for one in pairs), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, JudgeUnusable):
                raise one
        self._trouble = next((str(one) for one in found if isinstance(one, JudgeUnusable)), "")
        self._not_before = clock() + AGAIN_S
        both = zip(pairs, found, strict=False)
        verdicts = [(pair, one) for pair, one in both if isinstance(one, PairVerdict)]
        return JudgedRound(verdicts=verdicts, trouble=self._trouble)

    async def _headers(self) -> Mapping[str, str]:
        key = self.settings.key
        if key is None:
            return requests.HEADERS
        return {**requests.HEADERS, "Authorization": f"Bearer {await self._key(key)}"}

    async def _key(self, named: SecretKey) -> str:
        try:
            live = await self.client.read(kinds.SECRET, self.namespace, named.name)
        except RequestRefused:
            raise JudgeUnusable(
                "spec.scorer.judge.keySecret: the operator is not permitted to read Secret "
                f"{named.name[:63]}; install it with rbac.secrets=true, or name a judge that needs no key"
            ) from None
        if live is None:
            raise JudgeUnusable(
                f"spec.scorer.judge.keySecret.name: there is no Secret {named.name[:63]} in namespace "
                f"{self.namespace}; create it, or name one of this namespace"
            )
        try:
            found = base64.b64decode((live.get("data") or {}).get(named.key) or "").decode("ascii").strip()
        except (binascii.Error, UnicodeDecodeError):
            found = ""
        if not found.isprintable() or not found:
            raise JudgeUnusable(
                f"spec.scorer.judge.keySecret.key: Secret {named.name[:63]} has no judge's key under {named.key[:63]}; "
                "add it, or name an entry that it has"
            )
        return found

    async def _compare(self, pair: UnjudgedPair, headers: Mapping[str, str]) -> PairVerdict:
        both = judge.questions(pair.item, pair.before, pair.after, self.settings.instructions)
        plain, turned = await asyncio.gather(*(self._preference(one, headers) for one in both))
        return PairVerdict(plain=plain, turned=turned)

    async def _preference(self, question: EvaluationItem, headers: Mapping[str, str]) -> Preference:
        if not self._is_plain:
            reply = await self._reply(requests.body(question, self.settings.model, JUDGED_BY), headers)
            if reply is None or reply.status != requests.REFUSED:
                return judge.preference(self._text(reply))
        reply = await self._reply(requests.plain_body(question, self.settings.model, JUDGED_BY), headers)
        if reply is not None and reply.status == requests.REFUSED and await self._takes_others(headers):
            return Preference.UNREADABLE
        found = judge.preference(self._text(reply))
        self._is_plain = True
        return found

    async def _takes_others(self, headers: Mapping[str, str]) -> bool:
        """Whether it answers a short question: then it refuses one pair, by its length or a content filter.

        Without this one such pair would hold up all others for ever.
        """
        short = judge.control(self.settings.instructions)
        for body in (requests.body, requests.plain_body):
            reply = await self._reply(body(short, self.settings.model, JUDGED_BY), headers)
            if reply is not None and reply.status == 200:
                return True
        return False

    async def _reply(self, body: bytes, headers: Mapping[str, str]) -> PodReply | None:
        url = self.settings.url.rstrip("/").removesuffix("/v1") + requests.PATH
        reply: PodReply | None = None
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(FIRST_WAIT_S * 2**attempt)
            reply = await self.access.post(url, body, headers, REPLY_S)
            if reply is not None and reply.status not in _BUSY:
                break
        return reply

    def _text(self, reply: PodReply | None) -> str:
        where = self.settings.url[:80]
        if reply is None:
            raise JudgeUnusable(
                f"spec.scorer.judge.url {where}: nothing answers there; check the judge, or correct the address; "
                "Fairlead retries on its own"
            )
        if reply.status == CERTIFICATE_UNTRUSTED:
            raise JudgeUnusable(
                f"spec.scorer.judge.url {where}: no public CA has signed its certificate; name a judge whose "
                "certificate one has signed, or the http address of one inside the cluster"
            )
        if reply.status != 200:
            why = _FINAL.get(reply.status, "check its logs; Fairlead retries on its own")
            raise JudgeUnusable(f"spec.scorer.judge.url {where}: it answers {reply.status}: {why}")
        found = replies.read(reply.content)
        if found.error:
            raise JudgeUnusable(
                f"spec.scorer.judge.url {where}: its reply is not a chat completion; name an endpoint "
                "with an OpenAI-compatible API"
            )
        return found.text
