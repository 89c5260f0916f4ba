"""Checking with vLLM, tested on a small fake: how it is called, what is passed on, what happens without it."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from fairlead.cli import offline_data, vllm_check, vllm_check_script
from fairlead.cli.main import main
from fairlead.cluster.documents import YamlDocument
from fairlead.engines.vllm.sweep import INTERPRETER
from fairlead.review import admission
from fairlead.review.result import Review

SAMPLES = Path(__file__).resolve().parents[2] / "manifests" / "samples"

SMALL_VLLM = """
import argparse, json, pathlib, sys
class FlexibleArgumentParser(argparse.ArgumentParser):
    pass
def make_arg_parser(parser):
    parser.add_argument("model_tag")
    parser.add_argument("--chat-template")
    parser.add_argument("--tool-call-parser")
    parser.add_argument("--tool-parser-plugin", default="")
    parser.add_argument("--speculative-config", type=json.loads)
    parser.add_argument("--enable-sleep-mode", action="store_true")
    parser.parse_args = lambda words: parser.parse_known_args(words)[0]
    return parser
def validate_parsed_serve_args(parsed):
    if parsed.chat_template and not pathlib.Path(parsed.chat_template).exists():
        raise ValueError("no such template")
def validate_api_server_args(parsed):
    if parsed.tool_call_parser == "nobodys":
        raise KeyError("invalid tool call parser")
class current_platform:
    @staticmethod
    def is_cpu():
        return True
class AsyncEngineArgs:
    @classmethod
    def from_cli_args(cls, parsed):
        made = cls()
        made.parsed = parsed
        return made
    def create_engine_config(self):
        config = json.loads((pathlib.Path(self.parsed.model) / "config.json").read_text())
        if config["num_attention_heads"] == 13:
            raise SystemExit(2)
        if self.parsed.enable_sleep_mode:
            raise ValueError("Sleep mode is not supported on current platform")
        if self.parsed.speculative_config and "model" in self.parsed.speculative_config:
            draft = pathlib.Path(self.parsed.speculative_config["model"]) / "config.json"
            if json.loads(draft.read_text())["vocab_size"] != config["vocab_size"]:
                raise ValueError("vocabularies differ")
"""


@pytest.fixture
def small_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter with a fake vLLM of six names and four rules, on a machine without a GPU."""
    package = tmp_path / "site" / "vllm"
    for module in (
        "engine/arg_utils",
        "entrypoints/launchers/cli_args",
        "entrypoints/launchers/launcher",
        "utils/argparse_utils",
        "platforms",
    ):
        path = package / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SMALL_VLLM)
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv(INTERPRETER, str(program))
    return program


def review_of(sample: str, **engine: object) -> Review:
    document = next(iter(yaml.safe_load_all((SAMPLES / sample).read_text())))
    document["spec"]["engine"] = document["spec"].get("engine", {}) | engine
    return admission.review(document, offline_data.offline_knowledge())


@pytest.mark.usefixtures("small_vllm")
@pytest.mark.parametrize("sample", ["quickstart.yaml", "custom-model.yaml", "speculation-mtp.yaml"])
def test_what_it_takes_stays_admitted(sample: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--with-vllm", str(SAMPLES / sample)]) == 0
    assert "refused" not in capsys.readouterr().out


@pytest.mark.usefixtures("small_vllm")
def test_a_draft_is_stood_in_for_too_and_an_eagle_head_by_its_target() -> None:
    draft = review_of("speculation-draft.yaml")
    head = review_of("speculation-eagle3.yaml")
    opinions = vllm_check.check([draft, head])
    assert {name: one.accepted for name, one in opinions.items()} == {"chat-draft": True, "chat-eagle": True}
    assert vllm_check.question(head)["draft"]["architectures"] == ["LlamaForCausalLMEagle3"]


def test_what_vllm_refuses_is_refused_with_its_message(small_vllm: Path) -> None:
    document = (YamlDocument(place="chat.yaml"), review_of("quickstart.yaml"))
    assert vllm_check.with_vllm_refusals([document]) == [document], "nothing to add to what it takes"
    rules = small_vllm.parent / "site" / "vllm" / "engine" / "arg_utils.py"
    refusing = rules.read_text().replace("== 13", "!= 13")
    rules.write_text(refusing.replace("raise SystemExit(2)", 'raise ValueError("no such parser")'))
    ((_, refused),) = vllm_check.with_vllm_refusals([document])
    assert refused is not None
    assert refused.refusals[-1].because == "vLLM itself says: no such parser"
    assert refused.refusals[-1].reason is vllm_check.VllmReason.VLLM_REFUSES


def test_what_is_refused_already_needs_no_second_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INTERPRETER, "/nowhere")
    no = review_of("quickstart.yaml", kind="vLLM", extraArgs=["--port=1"])
    assert no.refusals
    pairs = [(YamlDocument(place="a.yaml"), no), (YamlDocument(place="b.yaml", problem="is empty"), None)]
    assert vllm_check.with_vllm_refusals(pairs) == pairs


def test_an_interpreter_without_vllm_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(INTERPRETER, raising=False)
    assert main(["validate", "--with-vllm", str(SAMPLES / "quickstart.yaml")]) == 2
    assert (
        "set FAIRLEAD_VLLM_PYTHON to a Python that has it, or pip install '.[vllm]' in a clone"
        in capsys.readouterr().err
    )

    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\necho nothing here >&2\nexit 1\n")
    silent.chmod(0o755)
    monkeypatch.setenv(INTERPRETER, str(silent))
    assert main(["validate", "--with-vllm", str(SAMPLES / "quickstart.yaml")]) == 2
    assert "vLLM could not be asked: nothing here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (sys.executable, f"FAIRLEAD_VLLM_PYTHON={sys.executable}: no vLLM is installed there; install it, or name"),
        ("/nowhere", "FAIRLEAD_VLLM_PYTHON=/nowhere: No such file or directory; name a Python that has vLLM"),
        ("/bin/true", "vLLM could not be asked: /bin/true wrote nothing and ended with 0"),
    ],
)
def test_a_program_that_cannot_give_a_verdict_refuses_no_deployment(
    program: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(INTERPRETER, program)
    assert main(["validate", "--with-vllm", str(SAMPLES / "quickstart.yaml")]) == 2
    assert words in capsys.readouterr().err


def test_vllm_installed_beside_fairlead_is_run_in_fairleads_own_interpreter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(INTERPRETER, raising=False)
    (tmp_path / "vllm").mkdir()
    (tmp_path / "vllm" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert vllm_check.interpreter() == Path(sys.executable)


def test_the_program_answers_each_question_in_its_order(
    small_vllm: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(small_vllm.parent / "site")
    config = {"num_attention_heads": 32, "vocab_size": 5}
    questions = [
        {"arguments": ["m", "--chat-template=/nowhere/chat.jinja"], "model": config, "draft": None},
        {"arguments": ["m"], "model": config | {"num_attention_heads": 13}, "draft": None},
        {"arguments": ["m", "--speculative-config", "{}"], "model": config, "draft": {"vocab_size": 6}},
        {"arguments": ["m", "--tool-call-parser", "nobodys"], "model": config, "draft": None},
        {"arguments": ["m", "--enable-sleep-mode"], "model": config, "draft": None},
        {
            "arguments": ["m", "--tool-call-parser", "nobodys", "--tool-parser-plugin", "/own.py"],
            "model": config,
            "draft": None,
        },
    ]
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(questions)))
    assert vllm_check_script.main() == 0
    assert json.loads(capsys.readouterr().out) == [
        {"accepted": True, "words": ""},
        {"accepted": False, "words": "the parser ended with 2"},
        {"accepted": False, "words": "vocabularies differ"},
        {"accepted": False, "words": "'invalid tool call parser'"},
        *({"accepted": True, "words": ""} for _ in ("sleep is a question to a GPU", "a plugin's parser is its own")),
    ]
    for name in [name for name in sys.modules if name.split(".")[0] == "vllm"]:
        monkeypatch.delitem(sys.modules, name)


def test_two_files_with_one_object_name_each_get_their_own_refusals(small_vllm: Path) -> None:
    rules = small_vllm.parent / "site" / "vllm" / "engine" / "arg_utils.py"
    rules.write_text(rules.read_text().replace('["num_attention_heads"] == 13', '["num_hidden_layers"] == 28'))
    taken, refused = review_of("long-context.yaml"), review_of("quickstart.yaml")
    taken = replace(taken, name=refused.name)
    vllm_refusals = vllm_check.with_vllm_refusals(
        [(YamlDocument(place="a.yaml"), refused), (YamlDocument(place="b.yaml"), taken)]
    )
    assert [len(one.refusals) for _, one in vllm_refusals if one is not None] == [1, 0]
