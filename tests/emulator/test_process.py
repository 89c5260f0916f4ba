"""An engine's life as its pod sees it: refusing until ready, drained on SIGTERM, last words where the kubelet reads."""

import asyncio
import re
import socket
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from fairlead.emulator import process
from fairlead.emulator.emulation_knobs import EngineFault
from fairlead.emulator.faults import FaultOrder
from fairlead.emulator.process import EngineStart, ProcessEnvironment
from fairlead.emulator.sglang.dialect import ENDING as SGLANG_ENDING
from fairlead.emulator.sglang.dialect import SglangDialect
from fairlead.emulator.vllm.dialect import ENDING, VllmDialect
from tests.emulator.living import CHAT, QUICK, SGLANG, client, faulty, paced, run_story
from tests.emulator.pods import Pod


def test_the_port_is_closed_until_the_engine_is_ready(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=0.05))
        async with client() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(pod.url + "/health")
            await pod.ready(session)
        pod.signals.put_nowait(15)
        assert await pod.life == 0
        assert pod.logged[0] == "INFO Starting to load model org/model..."
        lines = [line for line in pod.logged[1:] if "(simulated)" not in line]
        assert re.fullmatch(r"INFO GPU KV cache size: [\d,]+ tokens, Maximum concurrency for 2,048 .*x", lines[1])
        assert (lines[0], lines[2]) == ("INFO Using max model len 2048", "INFO Application startup complete.")

    run_story(story())


def test_a_drain_lets_streams_end_refuses_new_requests_and_stays_healthy(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.01, 0.005))
        async with client() as session:
            await pod.ready(session)
            stream = asyncio.create_task(pod.send(session, stream=True))
            await pod.running(session, 1)
            pod.signals.put_nowait(15)
            await asyncio.sleep(0.01)
            status, text = await pod.send(session)
            assert (status, "cannot schedule new futures after shutdown" in text) == (500, True)
            await pod.ready(session)
            assert (await stream)[1].endswith("data: [DONE]\n\n")
            assert "error" not in (await stream)[1]
        assert await pod.life == 0
        assert pod.log.read_text(encoding="utf-8") == "INFO drained; no running request was cut\n"

    run_story(story())


def test_at_the_deadline_streams_get_an_error_event_and_plain_requests_500(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.01, 0.02), shutdown_seconds=0)
        async with client() as session:
            await pod.ready(session)
            tasks = [asyncio.create_task(pod.send(session, stream=stream)) for stream in (True, False)]
            await pod.running(session, 2)
            pod.signals.put_nowait(15)
            (streamed, text), (status, error) = await asyncio.gather(*tasks)
        assert (streamed, status) == (200, 500)
        assert "EngineCore encountered an issue" in text
        assert text.endswith("data: [DONE]\n\n")
        assert "EngineCore encountered an issue" in error
        assert await pod.life == 0
        assert pod.logged[-1] == "INFO shutdown time-out passed; 2 running requests were cut"

    run_story(story())


def test_a_second_signal_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.01, 0.005))
        async with client() as session:
            await pod.ready(session)
            stream = asyncio.create_task(pod.send(session, stream=True))
            await pod.running(session, 1)
            for _ in range(2):
                pod.signals.put_nowait(15)
            assert (await stream)[1].endswith("data: [DONE]\n\n")
            assert "error" not in (await stream)[1]
        assert await pod.life == 0

    run_story(story())


def test_a_port_in_use_ends_the_start_before_the_model_loads_and_says_what_to_do(tmp_path: Path) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            pod = Pod(tmp_path, replace(QUICK, start_seconds=60), port=other.getsockname()[1])
            assert await pod.life == 2
        assert pod.log.read_text(encoding="utf-8") == (
            f"ERROR --host 127.0.0.1 --port {pod.serve_arguments.port}: Address already in use; "
            "end the process that listens there, or write another port\n"
        )

    run_story(story())


def test_a_port_that_another_process_takes_during_the_start_ends_it_with_the_same_words(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=0.1))
        await asyncio.sleep(0)  # it reserves its port
        with socket.create_server(("127.0.0.1", pod.serve_arguments.port)):
            assert await pod.life == 2
        assert "Address already in use; end the process" in pod.log.read_text(encoding="utf-8")

    run_story(story())


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "a..b", "2001:db8::1"])
def test_a_host_that_is_not_of_this_machine_ends_the_start(tmp_path: Path, host: str) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=60), serve_arguments=replace(CHAT, host=host))
        assert await pod.life == 2
        words = pod.log.read_text(encoding="utf-8")
        assert (words.startswith(f"ERROR --host {host}"), words.count("\n")) == (True, 1)

    run_story(story())


def test_an_address_of_the_other_family_serves_too(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, QUICK, serve_arguments=replace(CHAT, host="::1"))
        pod.url = pod.url.replace("127.0.0.1", "[::1]")
        async with client() as session:
            await pod.ready(session)
        pod.signals.put_nowait(15)
        assert await pod.life == 0

    run_story(story())


def test_a_signal_before_it_is_ready_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=60))
        pod.signals.put_nowait(2)
        assert await pod.life == 130
        assert pod.log.read_text(encoding="utf-8") == "INFO ended by signal 2 before it was ready\n"

    run_story(story())


def test_a_signal_before_it_is_ready_may_be_lost_as_vllm_loses_it(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=0.05, lose_early_signal=True))
        pod.signals.put_nowait(15)
        async with client() as session:
            await pod.ready(session)
        pod.signals.put_nowait(15)
        assert await pod.life == 0

    run_story(story())


def test_an_engine_that_crashes_leaves_a_server_that_reports_it_and_then_exits_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VllmDialect, "ending", replace(ENDING, death_seconds=0.3))

    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, order=FaultOrder(fault=EngineFault.ENGINE_DEATH, tokens=5)))
        async with client() as session:
            await pod.ready(session)
            (streamed, text), (status, _) = await asyncio.gather(pod.send(session, stream=True), pod.send(session))
            assert (streamed, status) == (200, 500)
            assert text.endswith("data: [DONE]\n\n")
            assert "EngineCore encountered an issue" in text
            async with session.get(pod.url + "/health") as answer:
                assert answer.status == 503
            assert (await pod.send(session))[0] == 500
        assert await pod.life == 0
        assert pod.logged[-1].startswith("ERROR Engine core process EngineCore died unexpectedly.")

    run_story(story())


def test_a_server_that_is_to_outlive_its_engine_does(tmp_path: Path) -> None:
    async def story() -> None:
        order = FaultOrder(fault=EngineFault.ENGINE_DEATH, tokens=1)
        pod = Pod(tmp_path, replace(QUICK, order=order), environment={ENDING.keep_alive_variable: "1"})
        async with client() as session:
            await pod.ready(session)
            assert (await pod.send(session))[0] == 500
            await asyncio.sleep(0.05)
            async with session.get(pod.url + "/v1/models") as answer:
                assert answer.status == 200
        pod.signals.put_nowait(15)
        assert await pod.life == 0

    run_story(story())


def test_what_does_not_fit_the_gpu_ends_the_start_with_vllms_message(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, QUICK)
        pod.life.cancel()
        serve_arguments = replace(pod.serve_arguments, limits=replace(CHAT.limits, context=10_000_000))
        environment = ProcessEnvironment(clock=lambda: 0.0, log=pod.logged.append, termination_log=pod.log)
        assert (
            await process.live(EngineStart(serve_arguments=serve_arguments, knobs=QUICK), environment, pod.signals) == 1
        )
        assert "To serve at least one request with the model's max seq len (10000000)" in pod.log.read_text("utf-8")

    run_story(story())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (EngineFault.CRASH_AT_START, "Engine core initialization failed."),
        (EngineFault.OUT_OF_MEMORY, "torch.OutOfMemoryError: CUDA out of memory."),
        (EngineFault.GATED, "401 Client Error. Cannot access gated repo for url https://huggingface.co/org/model/"),
    ],
)
def test_a_failed_start_leaves_its_last_message_in_the_log_and_the_termination_log(
    tmp_path: Path, fault: EngineFault, words: str
) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, faulty(fault))
        assert await pod.life == 1
        assert words in pod.logged[-1]
        assert pod.log.read_text(encoding="utf-8") == pod.logged[-1] + "\n"

    run_story(story())


def test_an_sglang_accepts_requests_until_it_checks_whether_it_may_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SglangDialect, "ending", replace(SGLANG_ENDING, poll_seconds=0.3))

    async def story() -> None:
        pod = Pod(tmp_path, paced(0.005, 0.01), serve_arguments=SGLANG)
        async with client() as session:
            while "The server is fired up and ready to roll!" not in pod.logged:
                await asyncio.sleep(0.005)
            pod.signals.put_nowait(15)
            await asyncio.sleep(0.01)
            async with session.get(pod.url + "/ready") as answer:
                assert answer.status == 503
            status, text = await pod.send(session, stream=True)
            assert (status, text.endswith("data: [DONE]\n\n"), "error" in text) == (200, True, False)
        assert await pod.life == 0
        assert pod.log.read_text(encoding="utf-8") == "INFO drained; no running request was cut\n"
        assert "INFO draining without a limit" in pod.logged

    run_story(story())


def test_a_gated_model_ends_an_sglang_with_the_hubs_message(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, order=FaultOrder(fault=EngineFault.GATED)), serve_arguments=SGLANG)
        assert await pod.life == 1
        assert "gated repo" in pod.log.read_text(encoding="utf-8")

    run_story(story())
