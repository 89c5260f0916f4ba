"""Evaluations of real vLLM on CPU: a model against itself, and against noise; and by the real harness, offline."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.cache import Cache
from fairlead.cli.main import main
from fairlead.comparing import quality
from fairlead.comparing.item_pairs import ItemPair
from fairlead.comparing.quality import QualityPlan, QualityReport
from fairlead.evaluating import harness, item_file, runner_lines
from fairlead.evaluating.harness import HarnessRequest
from fairlead.evaluating.items import EvaluationItem
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerKind
from house import real_harness, tiny_model
from house.check import surroundings
from house.tree import ROOT
from tests import free_ports
from tests.node.serving.claims import Record
from tests.vllm.real_servers import TOKENS, answer, noisy, serving
from tests.waiting import eventually

ITEMS: Final = 120
MARGIN: Final = 0.05
NOISE: Final = 0.5
"""Of each tensor's spread."""
THINGS: Final = ("the sea", "a whale", "winter", "the quay", "an island", "the queue", "a cache", "the town")
TASK: Final = """
task: support
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/items.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: question
doc_to_target: answer
generation_kwargs: {until: ["<|never|>"]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
NOWHERE: Final = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
"""Any fetch fails."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Two servers, and items to which the first one's answers are right."""

    folder: Path
    plain: str
    noisy: str
    file: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("evaluations")
    with (
        serving(tiny_model.model(Cache.chosen()), "127.0.0.2", folder) as plain,
        serving(noisy(folder, NOISE), "127.0.0.3", folder) as other,
    ):
        lines = []
        for number in range(ITEMS):
            question = f"tell me a story about {THINGS[number % len(THINGS)]} and {number} ships"
            text = answer(plain, question)
            if text.strip():
                lines.append({"id": number, "question": question, "answer": text})
        (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        (folder / "support.yaml").write_text(TASK.replace("FOLDER", str(folder)))
        own = [{"id": one["id"], "input": one["question"], "target": one["answer"]} for one in lines]
        (folder / "own.jsonl").write_text("".join(json.dumps(one) + "\n" for one in own))
        yield World(folder=folder, plain=plain, noisy=other, file=folder / "own.jsonl")


def evaluated(world: World, candidate: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Run as a user does."""
    words = ["--baseline", world.plain, "--candidate", candidate, "--margin", "5", "--max-tokens", str(TOKENS)]
    code = main(["evaluate", str(world.file), *words, "--journal", str(world.folder / "journal"), "-o", "json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_a_model_passes_against_itself_without_a_flip(
    world: World, capsys: pytest.CaptureFixture[str], record_property: Record
) -> None:
    code, found = evaluated(world, world.plain, capsys)
    counts = found["counts"]
    record_property("same_items", found["items"])
    record_property("same_flips", counts["gained"] + counts["lost"])
    record_property("same_noise", found["noise"]["discordance"])
    assert (code, found["verdict"]["verdict"]) == (0, "Passed")
    assert counts["gained"] + counts["lost"] == 0


def test_the_same_checkpoint_with_noise_on_its_weights_fails(
    world: World, capsys: pytest.CaptureFixture[str], record_property: Record
) -> None:
    code, found = evaluated(world, world.noisy, capsys)
    record_property("noisy_compared", found["verdict"]["n"])
    record_property("noisy_right", found["verdict"]["candidate"])
    assert (code, found["verdict"]["verdict"]) == (1, "Failed")


@dataclass(frozen=True, kw_only=True)
class Relayed:
    """A relay to one server, as in a runner's pod."""

    process: subprocess.Popen[bytes]
    port: int


def relay(world: World, host: str) -> Relayed:
    addresses, port = world.folder / f"addresses-{host}", free_ports.free_port("127.0.0.1")
    addresses.write_text(host)
    words = ["evaluator", "relay", "--addresses", str(addresses), "--kind", "vLLM", "--port", str(port)]
    environment = os.environ | surroundings(ROOT)
    process = subprocess.Popen([sys.executable, "-m", "fairlead", *words], env=environment)
    return Relayed(process=process, port=port)


def harness_pass(world: World, host: str, limit: int | None = None) -> Mapping[str, bool]:
    """One pass of the real harness through a relay, with the command of a runner's pod."""
    through = relay(world, host)
    runner = EvaluationRunner(kind=RunnerKind.LM_EVAL, task="support")
    request = HarnessRequest(
        base_url=f"http://127.0.0.1:{through.port}/v1",
        model="tiny",
        folder=str(world.folder),
        max_tokens=TOKENS,
        seed=0,
        concurrency=4,
        limit=limit,
    )
    place = world.folder / f"results-{host}-{limit}"
    words = [one.replace(harness.RESULTS, str(place)) for one in harness.command(runner, request)]
    offline = dict(harness.OFFLINE) | {"HF_HOME": str(world.folder / "hub"), "OPENAI_API_KEY": "none"} | NOWHERE
    interpreter = str(real_harness.python(Cache.chosen()))
    try:
        eventually(lambda: listens(through.port), "the relay listens", 30)
        done = subprocess.run(
            [interpreter, *words[1:]],
            env=os.environ | offline | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
            check=False,
            capture_output=True,
            text=True,
        )
    finally:
        through.process.terminate()
        through.process.wait(30)
    assert done.returncode == 0, done.stderr[-3000:]
    return runner_lines.read(done.stdout.splitlines(), {one.name for one in items(world)}).passed


def listens(port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def items(world: World) -> list[EvaluationItem]:
    lines = (world.folder / "items.jsonl").read_bytes().splitlines()
    return item_file.read_named(lines, "work", numbered=True)[0]


def report(world: World, before: Mapping[str, bool], after: Mapping[str, bool]) -> QualityReport:
    """A gate's report on what two passes printed."""
    kept = [runner_lines.journal_lines(items(world), one, 0) for one in (before, after)]
    pairs = [
        ItemPair(item=first.item, baseline=first.answer, candidate=second.answer)
        for first, second in zip(*kept, strict=True)
    ]
    return quality.report(pairs, QualityPlan(items=len(pairs), margin=MARGIN, min_items=100))


def test_the_real_harness_decides_the_same_offline(world: World, record_property: Record) -> None:
    plain, again = harness_pass(world, "127.0.0.2"), harness_pass(world, "127.0.0.2", limit=50)
    same = report(world, plain, {**plain, **again})
    record_property("harness_items", len(plain))
    record_property("harness_right", sum(plain.values()))
    assert len(again) == 50
    assert all(plain[name] == passed for name, passed in again.items())
    assert same.verdict.verdict == "Passed"
    worse = report(world, plain, harness_pass(world, "127.0.0.3"))
    record_property("harness_noisy_right", worse.verdict.candidate or 0.0)
    assert worse.verdict.verdict == "Failed"
