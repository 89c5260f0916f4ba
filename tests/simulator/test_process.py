"""An engine's life as its pod sees it: refused until ready, drained on SIGTERM, last words where the kubelet looks."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from fairlead.cli import main
from fairlead.simulator import process
from fairlead.simulator.command import Served
from fairlead.simulator.pretence import PREFIX, Fault, Pretence
from fairlead.simulator.process import Outside
from tests.simulator.living import CHAT, NOON, QUICK, client, faulty, free_port, paced, told

LONG: Final = {"prompt": "x", "max_tokens": 40, "ignore_eos": True}


class Pod:
    """One container: its output, its termination log, its signals."""

    def __init__(self, folder: Path, pretence: Pretence, shutdown_seconds: int = 5) -> None:
        self.said: list[str] = []
        self.log = folder / "termination-log"
        self.log.touch()
        self.signals: process.Signals = asyncio.Queue()
        self.served: Served = replace(CHAT, port=free_port(), shutdown_seconds=shutdown_seconds)
        self.url = f"http://127.0.0.1:{self.served.port}"
        outside = Outside(clock=lambda: float(NOON), tell=self.said.append, termination_log=self.log)
        self.life = asyncio.create_task(process.live(self.served, pretence, outside, self.signals))

    async def ready(self, asks: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with asks.get(self.url + "/health") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.005)

    async def running(self, asks: aiohttp.ClientSession, count: int) -> None:
        """Wait until so many requests run."""
        while True:
            async with asks.get(self.url + "/metrics") as answer:
                if f'vllm:num_requests_running{{engine="0",model_name="chat"}} {count}.0' in await answer.text():
                    return
            await asyncio.sleep(0.002)

    async def ask(self, asks: aiohttp.ClientSession, *, stream: bool = False) -> tuple[int, str]:
        async with asks.post(self.url + "/v1/completions", json=LONG | {"stream": stream}) as answer:
            return answer.status, await answer.text()


def test_the_port_is_closed_until_the_engine_is_ready(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=0.05))
        async with client() as asks:
            with pytest.raises(aiohttp.ClientConnectorError):
                await asks.get(pod.url + "/health")
            await pod.ready(asks)
        pod.signals.put_nowait(15)
        assert await pod.life == 0
        assert pod.said[:3] == [
            "INFO Starting to load model org/model...",
            f"INFO Starting vLLM server on http://127.0.0.1:{pod.served.port} (simulated)",
            "INFO Application startup complete.",
        ]

    told(story())


def test_a_drain_lets_streams_end_refuses_new_requests_and_stays_healthy(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.01, 0.005))
        async with client() as asks:
            await pod.ready(asks)
            stream = asyncio.create_task(pod.ask(asks, stream=True))
            await pod.running(asks, 1)
            pod.signals.put_nowait(15)
            await asyncio.sleep(0.01)
            status, text = await pod.ask(asks)
            assert (status, "cannot schedule new futures after shutdown" in text) == (500, True)
            await pod.ready(asks)
            assert (await stream)[1].endswith("data: [DONE]\n\n")
            assert "error" not in (await stream)[1]
        assert await pod.life == 0
        assert pod.log.read_text(encoding="utf-8") == "INFO drained; no running request was cut\n"

    told(story())


def test_at_the_deadline_streams_get_an_error_event_and_plain_requests_500(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.01, 0.02), shutdown_seconds=0)
        async with client() as asks:
            await pod.ready(asks)
            asked = [asyncio.create_task(pod.ask(asks, stream=stream)) for stream in (True, False)]
            await pod.running(asks, 2)
            pod.signals.put_nowait(15)
            (streamed, text), (status, error) = await asyncio.gather(*asked)
        assert (streamed, status) == (200, 500)
        assert "EngineCore encountered an issue" in text
        assert text.endswith("data: [DONE]\n\n")
        assert "EngineCore encountered an issue" in error
        assert await pod.life == 0
        assert pod.said[-1] == "INFO shutdown time-out passed; 2 running requests were cut"

    told(story())


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, paced(0.01, 1.0))
        async with client() as asks:
            await pod.ready(asks)
            stream = asyncio.create_task(pod.ask(asks, stream=True))
            await pod.running(asks, 1)
            for _ in range(2):
                pod.signals.put_nowait(15)
            assert await pod.life == 143
            stream.cancel()

    told(story())


def test_a_signal_before_it_is_ready_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, replace(QUICK, start_seconds=60))
        pod.signals.put_nowait(2)
        assert await pod.life == 130
        assert pod.log.read_text(encoding="utf-8") == "INFO ended by signal 2 before it was ready\n"

    told(story())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.CRASH_AT_START, "Engine core initialization failed."),
        (Fault.OUT_OF_MEMORY, "torch.OutOfMemoryError: CUDA out of memory."),
        (Fault.GATED, "401 Client Error. Cannot access gated repo for url https://huggingface.co/org/model/"),
    ],
)
def test_a_start_that_fails_leaves_its_last_words_in_both_places(tmp_path: Path, fault: Fault, words: str) -> None:
    async def story() -> None:
        pod = Pod(tmp_path, faulty(fault))
        assert await pod.life == 1
        assert words in pod.said[-1]
        assert pod.log.read_text(encoding="utf-8") == pod.said[-1] + "\n"

    told(story())


def test_a_machine_without_a_termination_log_gets_none(tmp_path: Path) -> None:
    said: list[str] = []
    outside = Outside(clock=lambda: 0.0, tell=said.append, termination_log=tmp_path / "absent")

    outside.last_words("gone")

    assert (said, list(tmp_path.iterdir())) == (["gone"], [])


def test_the_help_names_every_knob_and_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["engine", "--help"])
    said = " ".join(capsys.readouterr().out.replace("-\n", "-").split())

    assert all(fault in said.replace("- ", "-") for fault in Fault)
    assert all(f"{PREFIX}{knob}" in said for knob in ("START_SECONDS", "TTFT_MS", "TPOT_MS", "FAULT", "FAULT_AFTER"))


def test_the_command_says_what_is_wrong_with_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["engine", "--product", "NVIDIA-L4", "--", "sglang", "serve"]) == 2
    assert capsys.readouterr().err.startswith("fairlead engine: the engine's command: sglang serve: must be `vllm")


def test_the_command_itself_serves_until_sigterm() -> None:
    port = str(free_port())
    words = ["-m", "fairlead", "engine", "--product", "NVIDIA-L4", "--gpus", "1", "--"]
    vllm = ["vllm", "serve", "m", "--host", "127.0.0.1", "--port", port, "--seed", "7"]
    with subprocess.Popen(
        [sys.executable, *words, *vllm],
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "FAIRLEAD_ENGINE_START_SECONDS": "0"},
    ) as engine:
        assert engine.stderr is not None
        assert any("startup complete" in line for line in engine.stderr)
        engine.send_signal(signal.SIGTERM)
        assert engine.wait(5) == 0
