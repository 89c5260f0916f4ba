"""`python -m bench.engine_server`: how well `fairlead engine` keeps its model's time on one core, and its limit.

The server has one core and the client the other. The client notes when each token arrived; the same arrivals run
through the same model in virtual time, and the means are compared. With `--limit`, streams are added until the server
says that it is behind.
"""

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import uvloop

from bench import engine_load
from bench.engine_load import Load, Round, Server
from bench.lean_client import LeanRequest
from fairlead.emulator import emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.emulator.vllm import command
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest, FinishReason
from house.tree import ROOT

HOST: Final = "127.0.0.12"
PORT: Final = 8112
PRODUCT: Final = "NVIDIA-H100-80GB-HBM3"
VLLM: Final = (
    *("vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct", "--served-model-name", "chat", "--max-model-len", "8192"),
    *("--max-num-seqs", "8192", "--host", HOST, "--port", str(PORT)),
)
PROMISED: Final = Load(streams=500, shorts_a_second=200.0, seconds=26.0, stream_tokens=650)
PROMISED_GAP_S: Final = 1 / 25
"""The model itself must be this fast, or the load is not the promised one."""
WITHIN: Final = 0.05
FIXED_MS: Final = 40.0
"""A step's length during the search for the limit: 25 tokens a second per stream, however many there are."""
AMPLE: Final = ("--num-gpu-blocks-override", "200000")
"""A cache too large to be the limit."""
LIMIT: Final = (500, 750, 1000, 1250, 1500, 1750, 2000, 2500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The means of one side, in seconds."""

    gap: float
    """Between two tokens of a stream."""
    first_token: float
    """Time to first token of a short request."""
    late_first_token: float
    """The 99th percentile of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One round beside its model."""

    load: Load
    round: Round
    served: Means
    model: Means

    @property
    def failed(self) -> int:
        """Requests that did not get every token."""
        return sum(not request.well for request in self.round.everyone)

    @property
    def off(self) -> tuple[float, float]:
        """Relative error of the means against the model's: between tokens, to the first token."""
        return self.served.gap / self.model.gap - 1, self.served.first_token / self.model.first_token - 1

    @property
    def holds(self) -> bool:
        """Whether every request was answered, in the model's time."""
        return self.failed == 0 and not self.round.lagging and all(abs(one) <= WITHIN for one in self.off)

    @property
    def line(self) -> str:
        """One line for people."""
        (gap, first), served, model, ran = self.off, self.served, self.model, self.round
        return (
            f"{self.load.streams} streams + {self.load.shorts_a_second:.0f} requests/s for {self.load.seconds:.0f} s: "
            f"a token every {served.gap * 1e3:.2f} ms (model {model.gap * 1e3:.2f}, {gap:+.1%}), "
            f"first token {served.first_token * 1e3:.1f} ms (model {model.first_token * 1e3:.1f}, {first:+.1%}; "
            f"p99 {served.late_first_token * 1e3:.0f} and {model.late_first_token * 1e3:.0f}); "
            f"{self.failed} of {len(ran.everyone)} not answered whole; server {ran.server_share:.0%} of its core, "
            f"client {ran.client_share:.0%}; worst lag reported {ran.lag_s * 1e3:.0f} ms"
            f"{'; it SAYS it is behind' if ran.lagging else ''}"
        )


def measure(load: Load, fixed_ms: float | None = None) -> Found:
    """Measure one round on a new server."""
    variables = _variables(fixed_ms)
    words = VLLM if fixed_ms is None else (*VLLM, *AMPLE)
    made = provision.provide(
        command.read(words), EmulatedMachine(PRODUCT, 1), emulation_knobs.read(variables), packaged_data.load()
    )
    with _serving(words, variables) as server:
        ran = uvloop.run(engine_load.through(load, server, made.serve_arguments.vocabulary))
    longs, shorts = ([request for request in requests if request.well] for requests in (ran.longs, ran.shorts))
    if not longs or not shorts:
        raise SystemExit(f"bench: nobody was answered: {bytes(ran.everyone[0].body)[:300]!r}")
    served = _means([request.gap_s for request in longs], [request.first_token_s for request in shorts])
    return Found(load=load, round=ran, served=served, model=_modelled(made, ran))


def _variables(fixed_ms: float | None) -> dict[str, str]:
    texts = {"START_SECONDS": "0"}
    if fixed_ms is not None:
        texts |= {"TTFT_MS": f"{fixed_ms:g}", "TPOT_MS": f"{fixed_ms:g}"}
    return {emulation_knobs.PREFIX + knob: value for knob, value in texts.items()}


@contextmanager
def _serving(vllm: tuple[str, ...], variables: dict[str, str]) -> Iterator[Server]:
    """Run the server on the first core, and move this process to the last."""
    cores = sorted(os.sched_getaffinity(0))
    command_line = (sys.executable, "-m", "fairlead", "engine", "--product", PRODUCT, "--", *vllm)
    paths = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
    with subprocess.Popen(
        command_line, stderr=subprocess.PIPE, text=True, env=os.environ | paths | variables
    ) as process:
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(0, {cores[-1]})
        try:
            assert process.stderr is not None
            if not any("startup complete" in line for line in process.stderr):
                raise SystemExit("bench: the server did not start")
            yield Server(HOST, PORT, process.pid)
        finally:
            process.terminate()
            process.stderr.close()  # type: ignore[union-attr]
            os.sched_setaffinity(0, set(cores))


def _modelled(made: EngineProvision, ran: Round) -> Means:
    """Run the same arrivals on the same model, in virtual time."""
    core = EngineCore(made.settings, made.times, random.Random(0))  # noqa: S311 - nothing is drawn
    pairs = [
        (sent, _request(number, sent)) for number, sent in enumerate(sorted(ran.everyone, key=lambda sent: sent.sent))
    ]
    now = pairs[0][0].sent
    for sent, request in pairs:
        core.advance(now, sent.sent, stopping=False)
        now = sent.sent
        core.add(request)
    core.advance(now, now + 1e6, stopping=False)
    by_request = {id(sent): request for sent, request in pairs}
    longs, shorts = ([by_request[id(sent)] for sent in requests if sent.well] for requests in (ran.longs, ran.shorts))
    gaps = [(_at(one.ended) - _at(one.first_token)) / (one.output_tokens - 1) for one in longs]
    return _means(gaps, [_at(one.first_token) - one.arrived for one in shorts])


def _request(number: int, request: LeanRequest) -> EngineRequest:
    return EngineRequest(
        serial=number,
        prompt_tokens=request.prompt_tokens,
        output_tokens=request.tokens,
        arrived=request.sent,
        finish=FinishReason.LENGTH,
    )


def _at(moment: float | None) -> float:
    assert moment is not None
    return moment


def _means(gaps: list[float], first_tokens: list[float]) -> Means:
    late = sorted(first_tokens)[len(first_tokens) * 99 // 100]
    return Means(gap=fmean(gaps), first_token=fmean(first_tokens), late_first_token=late)


def limit() -> Iterator[Found]:
    """Add streams of 25 tokens a second until the server reports that it is behind."""
    for streams in LIMIT:
        load = Load(streams=streams, shorts_a_second=200.0, seconds=14.0, stream_tokens=350)
        found = measure(load, FIXED_MS)
        yield found
        if found.round.lagging:
            return


def main() -> int:
    """Measure and print; 0 when the promises hold."""
    parser = argparse.ArgumentParser(prog="bench.engine_server", description=__doc__)
    parser.add_argument("--limit", action="store_true", help="add streams until the server reports that it lags")
    if parser.parse_args().limit:
        for one in limit():
            print(one.line, flush=True)
        return 0
    found = measure(PROMISED)
    print(found.line)
    return 0 if found.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
