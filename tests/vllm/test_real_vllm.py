"""vLLM's own parser and configuration beside ours: it accepts what we render, and refuses what we refuse."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from devcluster.cache import Cache
from fairlead.cli import offline_data, vllm_check
from fairlead.cli.main import main
from fairlead.cli.vllm_check import VllmVerdict
from fairlead.engines import catalogue
from fairlead.engines.engine import EngineDescription
from fairlead.engines.vllm import parsers
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.findings import SpecRefusal
from fairlead.review import admission
from fairlead.review.result import Review
from house import real_vllm, vllm_flags
from tests.engines.refusal_tables import REFUSED
from tests.vllm.beyond import NEEDS_A_GPU, OURS

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "manifests" / "samples").glob("*.yaml"))
REGISTRIES = """
import json
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
print(json.dumps([sorted(one.list_registered()) for one in (ToolParserManager, ReasoningParserManager)]))
"""
SETUPS = {name: setup for name, (setup, _) in REFUSED.items()}


def vllm() -> EngineDescription:
    engine = catalogue.describe(EngineKind.VLLM)
    assert not isinstance(engine, SpecRefusal)
    return engine


@pytest.fixture(scope="module")
def of_samples() -> dict[str, VllmVerdict]:
    """vLLM's verdict on every sample that applies to it."""
    context = offline_data.offline_knowledge()
    documents = [one for path in SAMPLES for one in yaml.safe_load_all(path.read_text())]
    reviews = [admission.review(one, context) for one in documents]
    return vllm_check.check([one for one in reviews if one.setup is not None])


@pytest.fixture(scope="module")
def verdicts() -> dict[str, VllmVerdict]:
    """vLLM's verdict on every setup that our table refuses."""
    reviews = [
        Review(kind="InferenceDeployment", name=name, engine=vllm(), setup=setup) for name, setup in SETUPS.items()
    ]
    return vllm_check.check(reviews)


def test_vllm_takes_what_we_render_for_every_sample(of_samples: dict[str, VllmVerdict]) -> None:
    assert {name: one.words for name, one in of_samples.items() if not one.accepted} == {}
    assert len(of_samples) >= 12


@pytest.mark.parametrize("name", sorted(set(SETUPS) - set(NEEDS_A_GPU) - set(OURS)))
def test_vllm_refuses_what_we_say_it_refuses(name: str, verdicts: dict[str, VllmVerdict]) -> None:
    assert not verdicts[name].accepted


@pytest.mark.parametrize("name", sorted({**NEEDS_A_GPU, **OURS}))
def test_refusals_listed_as_not_confirmable_are_not_confirmed_by_vllm(
    name: str, verdicts: dict[str, VllmVerdict]
) -> None:
    assert verdicts[name].accepted, "it is confirmed after all: take it off the list"


def test_what_cannot_be_confirmed_here_is_named_with_its_reason() -> None:
    assert set(NEEDS_A_GPU) | set(OURS) <= set(SETUPS)
    assert not set(NEEDS_A_GPU) & set(OURS)
    assert all({**NEEDS_A_GPU, **OURS}.values())


def test_the_command_line_checks_with_vllm_and_passes_on_its_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quickstart = ROOT / "manifests" / "samples" / "quickstart.yaml"
    assert main(["validate", "--with-vllm", str(quickstart)]) == 0
    capsys.readouterr()

    document = yaml.safe_load(quickstart.read_text())
    document["spec"]["engine"] = {"extraArgs": ["--config-format", "of-nobody"]}
    (tmp_path / "odd.yaml").write_text(yaml.safe_dump(document))
    assert main(["validate", "--with-vllm", "-o", "json", str(tmp_path / "odd.yaml")]) == 1
    (refusal,) = json.loads(capsys.readouterr().out)[0]["refusals"]
    assert refusal["reason"] == "VllmRefuses"
    assert "of-nobody" in refusal["because"]


def test_the_flags_we_know_are_those_its_parser_knows() -> None:
    assert vllm_flags.main(["--drift"]) == 0


def test_the_parsers_we_know_are_those_of_its_registries() -> None:
    document = json.loads(
        subprocess.run(
            [real_vllm.python(Cache.chosen()), "-c", REGISTRIES],
            check=True,
            capture_output=True,
            text=True,
            env=real_vllm.environment(),
        ).stdout.splitlines()[-1]
    )
    assert document == [sorted(parsers.TOOLS), sorted(parsers.REASONING)]


@pytest.mark.trial(15)
@pytest.mark.parametrize("image", [None, "example.com/own:1"])
def test_a_flag_it_does_not_know_is_named_with_the_nearest_and_ends_its_start(image: str | None) -> None:
    document = yaml.safe_load((ROOT / "manifests" / "samples" / "quickstart.yaml").read_text())
    document["spec"]["engine"] = {"extraArgs": ["--enable-prompt-token-details"]} | ({"image": image} if image else {})
    review = admission.review(document, offline_data.offline_knowledge())
    entries = [(one.value, one.remedy) for one in (review.warnings if image else review.refusals)]
    assert ("--enable-prompt-token-details", "did you mean --enable-prompt-tokens-details?") in entries
    assert not vllm_check.check([review])["chat"].accepted
