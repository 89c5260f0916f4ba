"""Running pods are asked with bounds: what an engine measured is asked once, silence is asked again later."""

import aiohttp

from fairlead.cluster.kinds import Manifest
from fairlead.controller.looks import AGAIN_S, PodLooks
from fairlead.fleet.wanted import EngineKind
from tests.reaching.worlds import run


class Clock:
    """Time by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def pod(uid: str, address: str = "") -> Manifest:
    """A pod that listens, or has no address yet."""
    return {"metadata": {"uid": uid, "name": uid}, "status": {"podIP": address} if address else {}}


def test_a_pod_without_an_address_is_not_asked() -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            looks = PodLooks(session, Clock())
            assert await looks.endpoints(pod("r")) is None
            assert await looks.load(pod("e"), EngineKind.VLLM) is None

    run(story())


def test_an_engine_that_does_not_answer_is_asked_again_after_a_while() -> None:
    """Nobody listens there."""

    async def story() -> None:
        clock = Clock()
        async with aiohttp.ClientSession() as session:
            looks = PodLooks(session, clock)
            silent = pod("e", "127.0.0.254")
            assert await looks.endpoints(silent) is None
            assert await looks.load(silent, EngineKind.VLLM) is None
            assert looks._not_before == {"e": 100.0 + AGAIN_S}
            assert await looks.load(silent, EngineKind.VLLM) is None
            clock.now += AGAIN_S
            assert await looks.load(silent, EngineKind.SGLANG) is None
            assert looks._not_before == {"e": 130.0 + AGAIN_S}
            looks.forget("e")
            assert looks._not_before == {}

    run(story())
