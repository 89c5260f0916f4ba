"""Starts servers of either side: the same configuration as `fairlead engine` and as real vLLM on CPU.

What a server needs beside the configuration to run at all (a model it has, a number format its device supports) is only
here.
"""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from devcluster.cache import Cache
from house import real_vllm, tiny_model
from house.check import surroundings
from house.conformance import CHOICE
from house.tree import ROOT
from tests import free_ports
from tests.conformance import engines
from tests.conformance.endpoint import MODEL, Endpoint, Kind, stop
from tests.conformance.engines import EngineWords
from tests.waiting import eventually

CONTEXT: Final = 1024
HOST: Final = "127.0.0.1"
START_S: Final = {Kind.OURS: 30.0, Kind.REAL: 240.0}
LAST_WORDS: Final = 3000
"""Characters of its log that show why it ended."""
PRODUCT: Final = "NVIDIA-H100-80GB-HBM3"
OUR_MODEL: Final = "meta-llama/Llama-3.2-1B-Instruct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One way to start a server."""

    name: str
    words: EngineWords = engines.VLLM
    """The kind of engine."""
    flags: tuple[str, ...] = ()
    """The engine's own flags; `{word}` stands for a free port."""
    context: int = CONTEXT
    environment: Mapping[str, str] = field(default_factory=dict)
    """The engine's own environment variables."""
    pace_ms: float | None = None
    """Ours only: the time of a token, where a test needs a reply to last."""
    token: str | None = None


class CouldNotStart(Exception):
    """A server ended, or never became ready; the message has the end of its log."""


def chosen() -> Kind:
    """Which servers this session tests."""
    answer = os.environ.get(CHOICE, Kind.OURS)
    return Kind.NAMED if "://" in answer else Kind(answer)


@contextmanager
def running(configuration: Configuration, folder: Path, *, plain: bool = False) -> Iterator[Endpoint]:
    """A ready server, until the block ends; a named one serves the plain configuration only."""
    kind = chosen()
    if kind is Kind.NAMED and plain:
        yield named(os.environ[CHOICE], configuration.words)
        return
    endpoint = launched(configuration, folder, kind)
    try:
        wait_until_ready(endpoint)
        yield endpoint
    finally:
        stop(endpoint.owned())


def named(url: str, words: EngineWords = engines.VLLM) -> Endpoint:
    """A user's own server."""
    parts = urlsplit(url)
    return Endpoint(kind=Kind.NAMED, words=words, host=parts.hostname or HOST, port=parts.port or 80)


def launched(configuration: Configuration, folder: Path, kind: Kind) -> Endpoint:
    """The started process, which need not be ready yet."""
    if kind is Kind.NAMED:
        pytest.skip(f"the server was named by its URL: it is not ours to start as `{configuration.name}`")
    ports = {word: free_port() for word in ("port", "events", "replay")}
    flags = [flag.replace("{events}", str(ports["events"])) for flag in configuration.flags]
    flags = [flag.replace("{replay}", str(ports["replay"])) for flag in flags]
    words = [*_command(kind, configuration.words), configuration.words.name_flag, MODEL]
    words += [configuration.words.context_flag, str(configuration.context), *flags]
    log = folder / f"{configuration.name}-{ports['port']}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*words, "--host", HOST, "--port", str(ports["port"])],
            env=_environment(kind, configuration),
            stdout=sink,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    if kind is Kind.REAL:
        _let_clients_go_first(process.pid)
    return Endpoint(
        kind=kind,
        words=configuration.words,
        host=HOST,
        port=ports["port"],
        token=configuration.token,
        process=process,
        log=log,
        ports=ports,
    )


def _let_clients_go_first(pid: int) -> None:
    """Lower a server's priority, since a model on every core delays a client for seconds, which would look like a wrong
    answer. The server's session is its own scheduling group, where nice values have no effect."""
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("19", encoding="ascii")


def wait_until_ready(endpoint: Endpoint) -> None:
    """Wait until it reports ready; before that, nothing listens."""
    eventually(lambda: _ended(endpoint) or healthy(endpoint), "a server that is ready", START_S[endpoint.kind])
    if _ended(endpoint):
        log = endpoint.log.read_text(errors="replace")[-LAST_WORDS:] if endpoint.log else ""
        raise CouldNotStart(f"it ended with {endpoint.owned().returncode}:\n{log}")
    endpoint.first_page = endpoint.get(endpoint.words.metrics).text


def healthy(endpoint: Endpoint) -> bool:
    """Whether it listens and reports healthy."""
    with closing(http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=5)) as connection:
        try:
            connection.request("GET", endpoint.words.ready)
            return connection.getresponse().status == 200
        except OSError:
            return False


def free_port() -> int:
    """A free port."""
    return free_ports.free_port(HOST)


def adapter_path() -> str:
    """An adapter that real vLLM can load; ours opens no file and accepts the same words."""
    return str(tiny_model.adapter(Cache.chosen()))


def _ended(endpoint: Endpoint) -> bool:
    return endpoint.owned().poll() is not None


def _command(kind: Kind, words: EngineWords) -> list[str]:
    if kind is Kind.OURS:
        pretended = ["--product", PRODUCT, "--gpus", "1", "--"]
        return [sys.executable, "-m", "fairlead", "engine", *pretended, *words.command, OUR_MODEL]
    program = real_vllm.python(Cache.chosen()).parent / "vllm"
    model = tiny_model.model(Cache.chosen())
    return [str(program), "serve", str(model), "--enforce-eager", "--dtype", "float32"]


def _environment(kind: Kind, configuration: Configuration) -> dict[str, str]:
    if kind is Kind.OURS:
        pace = {} if configuration.pace_ms is None else {"FAIRLEAD_ENGINE_TPOT_MS": str(configuration.pace_ms)}
        texts = {"FAIRLEAD_ENGINE_START_SECONDS": "0", "FAIRLEAD_ENGINE_FAULTS_API": "1"} | pace
        return os.environ | surroundings(ROOT) | dict(configuration.environment) | texts
    small = {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "1"}
    return real_vllm.environment() | dict(configuration.environment) | small
