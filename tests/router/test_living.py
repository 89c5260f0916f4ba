"""A router's life cycle: it follows its file, and stops without cutting any request."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from fairlead.cli import main
from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointsCallback
from fairlead.router import source_subscription
from fairlead.router.config.loader import RouterConfigError
from tests.emulator.living import QUICK, Living, client, free_port, living, paced
from tests.router.planes import HOST, MODELS, PROMPT, STREAM, Cluster, before, plane, run_story, written


def test_a_changed_file_is_followed_without_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(QUICK, QUICK) as (old, new), before(tmp_path, [old]) as router:
            written(tmp_path, [new.address], [*MODELS, "fr"], retries={"maxAttempts": 3})
            await router.until("routable")
            while (await router.endpoints())[0]["address"] != new.address:
                await asyncio.sleep(0.005)
            async with router.session.get(router.url + "/v1/models") as answer:
                assert [card["id"] for card in (await answer.json())["data"]] == ["chat", "de", "fr"]
            await router.until("routable")
            assert (await router.complete())[0] == 200

    run_story(story())


def test_other_models_alone_disturb_no_endpoint(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            written(tmp_path, [engines[0].address], ["chat"])
            while (await router.complete({"model": "de", "prompt": "x"}))[0] != 404:
                await asyncio.sleep(0.005)
            assert await router.states() == ["routable"]
            assert (await router.complete())[0] == 200

    run_story(story())


def test_a_broken_file_is_logged_and_the_old_one_stays_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            router.config.write_text('{"endpoints": ["http://x"]}')
            while not caplog.records or "stays in force" not in caplog.text:
                await asyncio.sleep(0.005)
            assert (await router.complete())[0] == 200
            router.config.unlink()
            await asyncio.sleep(0.03)
            assert (await router.complete())[0] == 200

    with caplog.at_level(logging.ERROR):
        run_story(story())
    assert "endpoints[0]: http://x: this is not the address of an engine; write host:port" in caplog.text


def test_a_first_file_that_cannot_be_acted_on_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        config = tmp_path / "router.json"
        config.write_text("{}")
        with pytest.raises(RouterConfigError, match="selector, endpoints: neither is set"):
            async with plane(config):
                pass

    run_story(story())


def test_a_drain_is_not_ready_at_once_and_lets_every_stream_end(tmp_path: Path) -> None:
    async def story() -> None:
        slow = Living(paced(0.01, 0.01), port=free_port())
        async with plane(written(tmp_path, [slow.address]), linger=0.3) as router:
            await slow.start()
            await router.until("routable")
            streams = [asyncio.create_task(router.complete(STREAM)) for _ in range(5)]
            while slow.engine.now.running < 5:
                await asyncio.sleep(0.002)
            router.signals.put_nowait(15)
            await asyncio.sleep(0.01)
            async with client() as late:
                async with late.get(router.url + "/ready") as answer:
                    assert (answer.status, answer.headers["Connection"]) == (503, "close")
                    assert await answer.text() == "not ready: draining\n"
                async with late.post(router.url + "/v1/completions", json=STREAM) as answer:
                    assert answer.headers["Connection"] == "close"
                    assert (await answer.text()).endswith("data: [DONE]\n\n")
            assert all(text.endswith("data: [DONE]\n\n") for _, text in await asyncio.gather(*streams))
            assert await router.life == 0
            with pytest.raises(aiohttp.ClientConnectorError):
                await router.session.get(router.url + "/health")
        await slow.stop()

    run_story(story())


def test_batch_work_that_waits_does_not_keep_a_draining_router_and_is_sent_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"], batchLane={})) as router:

            async def work() -> tuple[int, str, str]:
                lane = {"x-fairlead-lane": "batch"}
                async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=lane) as answer:
                    return answer.status, answer.headers["Retry-After"], (await answer.json())["error"]["code"]

            jobs = [asyncio.create_task(work()) for _ in range(3)]
            while await router.metric('fairlead_router_requests_waiting{lane="batch"}') < 3:
                await asyncio.sleep(0.005)
            router.signals.put_nowait(15)
            assert await asyncio.gather(*jobs) == [(503, "1", "router_leaving")] * 3
            assert await router.life == 0

    run_story(story())


def test_a_draining_router_accepts_connections_while_requests_still_come(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Living(paced(0.001, 0.001), port=free_port())
        async with plane(written(tmp_path, [engine.address]), linger=1.5) as router:
            await engine.start()
            await router.until("routable")
            router.signals.put_nowait(15)
            for _ in range(5):  # a node that has not heard yet sends a new connection each time, for 2 s in all
                await asyncio.sleep(0.4)
                async with client() as late, late.post(router.url + "/v1/completions", json=STREAM) as answer:
                    assert (answer.status, answer.headers["Connection"]) == (200, "close")
                    assert (await answer.text()).endswith("data: [DONE]\n\n")
            checked = 0
            while not router.life.done():  # health checks do not keep it
                with suppress(aiohttp.ClientError):
                    async with client() as probe, probe.get(router.url + "/health") as answer:
                        checked += answer.status == 200
                await asyncio.sleep(0.02)
            assert await router.life == 0
            assert checked
        await engine.stop()

    run_story(story())


def test_a_client_that_never_leaves_cannot_keep_a_draining_router(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Living(paced(0.001, 0.001), port=free_port())
        async with plane(written(tmp_path, [engine.address]), linger=0.2, accept=0.5) as router:
            await engine.start()
            await router.until("routable")
            router.signals.put_nowait(15)
            answered = 0
            while not router.life.done():
                with suppress(aiohttp.ClientError):
                    async with client() as late, late.post(router.url + "/v1/completions", json=STREAM) as answer:
                        answered += (await answer.text()).endswith("data: [DONE]\n\n")
                await asyncio.sleep(0.02)
            assert await router.life == 0
            assert answered > 0
        await engine.stop()

    run_story(story())


def test_a_second_signal_ends_a_drain_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.001, 5)) as engines, before(tmp_path, engines) as router:
            stream = await router.session.post(router.url + "/v1/completions", json=STREAM)
            await stream.content.readany()
            for _ in range(2):
                router.signals.put_nowait(15)
            assert await router.life == 143
            with pytest.raises(aiohttp.ClientPayloadError):
                await stream.read()

    run_story(story())


def test_the_command_itself_passes_on_and_ends_on_sigterm(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines:
            config, port, scraped = written(tmp_path, [engines[0].address]), free_port(), free_port()
            ports = ["--port", str(port), "--metrics-port", str(scraped)]
            router = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "fairlead", "router", "--config", str(config), "--host", HOST),
                *("--linger", "0", "--access-log", str(tmp_path / "lines"), *ports),
                stderr=subprocess.PIPE,
                env={"PYTHONPATH": ":".join(sys.path)},
            )
            assert router.stderr is not None
            async with client() as session:
                while b"listening" not in (output := await router.stderr.readline()):
                    assert output, "it ended before it listened"
                async with session.post(f"http://{HOST}:{port}/v1/completions", json=STREAM) as answer:
                    assert (answer.status, (await answer.text())[-6:]) == (200, "ONE]\n\n")
                async with session.get(f"http://{HOST}:{scraped}/metrics") as answer:
                    assert 'fairlead_router_requests_total{code="200"} 1\n' in await answer.text()
                async with session.get(f"http://{HOST}:{scraped}/v1/models") as answer:
                    assert answer.status == 404
            router.send_signal(signal.SIGTERM)
            await router.stderr.read()
            assert await router.wait() == 0
            (line,) = (tmp_path / "lines").read_text().splitlines()
            assert json.loads(line)["status"] == 200

    run_story(story())


def test_the_command_says_what_is_wrong_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "router.json"
    config.write_text(json.dumps({"endpoints": ["127.0.0.1:1"], "routing": {"hold": {"maxRequests": -1}}}))

    assert main.main(["router", "--config", str(config)]) == 2
    err = capsys.readouterr().err
    assert err.endswith("routing.hold.maxRequests: -1: the smallest number allowed is 0; write 0 or more\n")
    assert main.main(["router", "--config", str(tmp_path / "absent.json")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_source_that_fails_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_subscription, "AGAIN_SECONDS", 0.01)

    class Stumbling(Cluster):
        """Fails the first time."""

        stumbled = False

        async def follow(self, callback: EndpointsCallback) -> None:
            if not self.stumbled:
                self.stumbled = True
                raise ValueError("a word of the server that nobody understands")
            await super().follow(callback)

    async def story() -> None:
        cluster = Stumbling()
        async with living() as (engine,), plane(written(tmp_path, ["x:1"]), cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")

    run_story(story())
