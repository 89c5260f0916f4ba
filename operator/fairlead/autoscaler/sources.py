"""Whose figures a deployment is decided by: pods asked directly, or a Prometheus that its policy names.

Makes each source once, hands it the pods it is to follow, and ends it when no policy names it any more. Tokens and
authorities of a Prometheus come from Secrets and are read anew each few minutes.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fairlead.autoscaler.observing import Case
from fairlead.autoscaler.prometheus_doors import Door
from fairlead.autoscaler.source import Source, Tallies
from fairlead.autoscaler.targets import Target
from fairlead.autoscaler.told import RouterSays, Told
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.doors import Server
from fairlead.fleet.load import EngineLoad
from fairlead.fleet.policies import PrometheusSource
from fairlead.fleet.wanted import SecretKey

SECRETS_LIVE_S: Final = 300.0

log = logging.getLogger("fairlead.autoscaler")


class Place(NamedTuple):
    """Which Prometheus: its Secrets lie in the policy's namespace."""

    namespace: str
    said: PrometheusSource


@dataclass(frozen=True, kw_only=True)
class Makers:
    """How sources are made; within the running loop."""

    direct: Callable[[], Source]
    prometheus: Callable[[Door], Source]


class Silent:
    """A source that cannot be asked: everything is unknown, and says why."""

    def __init__(self, because: str) -> None:
        self.tallies = Tallies()
        self._because = because

    def start(self) -> None:
        """Nothing to begin."""

    def follow(self, targets: Iterable[Target]) -> None:
        """Nobody is asked."""

    def engine(self, uid: str) -> Told[EngineLoad]:  # noqa: ARG002 - whoever it is
        """Unknown."""
        return Told(because=self._because)

    def router(self, uid: str) -> Told[RouterSays]:  # noqa: ARG002 - whoever it is
        """Unknown."""
        return Told(because=self._because)

    async def close(self) -> None:
        """Nothing to end."""


@dataclass(slots=True)
class _Made:
    source: Source
    door: Door | None = None
    read_at: float = float("-inf")
    task: asyncio.Task[None] | None = field(default=None)


class Sources:
    """All sources of one process."""

    def __init__(self, makers: Makers, server: Server) -> None:
        self._makers = makers
        self._server = server
        self._direct = makers.direct()
        self._direct.start()
        self._made: dict[Place, _Made] = {}

    def of(self, case: Case) -> Source:
        """The one that this deployment's policy asks for."""
        said = case.policy.prometheus
        return self._direct if said is None else self._made[Place(case.namespace, said)].source

    async def ready(self, case: Case) -> Source:
        """The same, once its Secrets were read; pods themselves where its policy has named another one meanwhile."""
        said = case.policy.prometheus
        made = None if said is None else self._made.get(Place(case.namespace, said))
        if made is None:
            return self._direct
        if made.task is not None:
            await asyncio.wait({made.task})
        return made.source

    def follow(self, cases: Iterable[tuple[Case, Iterator[Target]]]) -> None:
        """Everyone of this round."""
        direct: list[Target] = []
        others: dict[Place, list[Target]] = {}
        for case, targets in cases:
            said = case.policy.prometheus
            chosen = direct if said is None else others.setdefault(Place(case.namespace, said), [])
            chosen.extend(targets)
        self._direct.follow(direct)
        for place, some in others.items():
            self._serve(place).source.follow(some)
        for place in self._made.keys() - others.keys():
            self._end(self._made.pop(place))

    def tallies(self) -> Iterator[Tallies]:
        """What looking came to, by source."""
        yield self._direct.tallies
        yield from (one.source.tallies for one in self._made.values())

    async def close(self) -> None:
        """Ask nobody any more."""
        for made in self._made.values():
            self._end(made)
        await self._direct.close()

    def _serve(self, place: Place) -> _Made:
        made = self._made.setdefault(place, _Made(source=Silent("its Secrets were not read yet")))
        now = asyncio.get_running_loop().time()
        if now - made.read_at >= SECRETS_LIVE_S and (made.task is None or made.task.done()):
            made.read_at = now
            made.task = asyncio.create_task(self._refresh(place, made), name=f"prometheus {place.said.url}")
        return made

    async def _refresh(self, place: Place, made: _Made) -> None:
        """A new source where the credentials are others than before; the old one as long as they cannot be read."""
        try:
            door = await self._door(place)
        except (ApiError, LookupError) as problem:
            log.warning("Prometheus %s: %s", place.said.url, problem)
            if made.door is None:
                made.source = Silent(str(problem))
            made.read_at = asyncio.get_running_loop().time() - SECRETS_LIVE_S * 0.9
            return
        if door == made.door:
            return
        old, made.door = made.source, door
        made.source = self._makers.prometheus(door)
        made.source.start()
        await old.close()

    async def _door(self, place: Place) -> Door:
        token = await self._text(place, place.said.token)
        authority = await self._text(place, place.said.ca)
        return Door(url=place.said.url, token=token.strip() if token else None, authority=authority)

    async def _text(self, place: Place, key: SecretKey | None) -> str | None:
        if key is None:
            return None
        secret = await self._server.read(kinds.SECRET, place.namespace, key.name)
        data: Mapping[str, str] = (secret or {}).get("data") or {}
        if key.key not in data:
            raise LookupError(f"Secret {place.namespace}/{key.name} has no key {key.key}; create it")
        try:
            return base64.b64decode(data[key.key], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as problem:
            raise LookupError(f"Secret {place.namespace}/{key.name}, key {key.key}: it is not text") from problem

    @staticmethod
    def _end(made: _Made) -> None:
        if made.task is not None:
            made.task.cancel()
        closing = asyncio.ensure_future(made.source.close())
        closing.add_done_callback(lambda _: None)
