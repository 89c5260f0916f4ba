"""Requests that take minutes have connections of their own, so that they take none from reads of two seconds."""

import asyncio

from aiohttp import web

from fairlead.controller import leader_tasks
from fairlead.controller.pods.pod_client import PodClient
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import labels
from fairlead.objects.labels import ChildRole
from tests.cluster.served_pods import HOST, Engine
from tests.cluster.worlds import run


def test_judges_that_never_answer_leave_the_reads_of_pods_their_connections() -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def models(_: web.Request) -> web.Response:
        return web.Response(text='{"data": []}')

    async def story() -> None:
        async with (
            Engine(silent) as judge,
            Engine(models) as engine,
            leader_tasks.pod_session(2) as session,
            leader_tasks.pod_session(2) as long_session,
        ):
            pods = PodClient(session, long_session=long_session)
            waiting = [asyncio.create_task(pods.post(judge.url, b"{}", {}, 60.0)) for _ in range(8)]
            while judge.requests < 2:
                await asyncio.sleep(0.01)
            container = {"name": "engine", "ports": [{"containerPort": engine.port}]}
            about = {"uid": "e", "labels": {labels.ROLE: ChildRole.ENGINE.value}}
            pod = {"metadata": about, "spec": {"containers": [container]}, "status": {"podIP": HOST}}
            assert await pods.models(pod, EngineKind.VLLM) == '{"data": []}'
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    run(story())
