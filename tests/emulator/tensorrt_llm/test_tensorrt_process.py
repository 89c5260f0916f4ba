"""A TensorRT-LLM process: it answers from the start, closes its port at once, and dies with its executor."""

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from fairlead.emulator.emulation_knobs import EngineFault
from fairlead.emulator.faults import FaultOrder
from tests.emulator.living import QUICK, TENSORRT, client, paced, run_story
from tests.emulator.pods import LONG, Pod


def test_a_tensorrt_llm_answers_from_its_first_moment_that_it_still_starts(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=0.2), serve_arguments=TENSORRT)
        async with client() as session:
            await asyncio.sleep(0.05)
            async with session.post(pod.url + "/v1/completions", json=LONG) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert (await answer.json())["error"]["code"] == "starting"
            await pod.ready(session)
        pod.signals.put_nowait(15)
        assert await pod.life == 0

    run_story(story())


def test_a_signal_ends_the_start_of_a_tensorrt_llm_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=60.0), serve_arguments=TENSORRT)
        await asyncio.sleep(0.05)
        pod.signals.put_nowait(15)
        assert await pod.life == 128 + 15
        async with client() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(pod.url + "/health")

    run_story(story())


def test_a_tensorrt_llm_closes_its_port_and_answers_what_it_has(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.005, 0.01), serve_arguments=TENSORRT)
        async with client() as session:
            await pod.ready(session)
            body = LONG | {"model": "chat", "stream": True}
            async with session.post(pod.url + "/v1/completions", json=body) as stream:
                await stream.content.readline()
                pod.signals.put_nowait(15)
                await asyncio.sleep(0.05)
                async with aiohttp.ClientSession() as other:
                    with pytest.raises(aiohttp.ClientConnectorError):
                        await other.get(pod.url + "/health")
                text = await stream.text()
            assert text.endswith("data: [DONE]\n\n")
        assert await pod.life == 0
        assert pod.log.read_text(encoding="utf-8") == "INFO drained; no running request was cut\n"

    run_story(story())


def test_the_death_of_a_tensorrt_llms_executor_cuts_its_streams_and_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        order = FaultOrder(fault=EngineFault.ENGINE_DEATH, tokens=3)
        pod = Pod(tmp_path, replace(paced(0.005, 0.01), order=order), serve_arguments=TENSORRT)
        async with client() as session:
            await pod.ready(session)
            body = LONG | {"model": "chat", "stream": True}
            with pytest.raises(aiohttp.ClientPayloadError):
                async with session.post(pod.url + "/v1/completions", json=body) as stream:
                    await stream.text()
            async with session.get(pod.url + "/health") as answer:
                assert answer.status == 503
        assert await pod.life == 0
        assert "The executor has died" in pod.log.read_text(encoding="utf-8")

    run_story(story())
