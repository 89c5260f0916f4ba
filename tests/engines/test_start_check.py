"""The program that has vLLM check a setup, against a small fake vLLM: parser, validation, configuration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.engines.vllm import preflight

SAFETENSORS = """
from contextlib import nullcontext
class SafetensorError(Exception):
    pass
def safe_open(path, framework):
    if open(path).read() != "whole":
        raise SafetensorError("incomplete metadata")
    return nullcontext()
"""
PLATFORM = """
class UnspecifiedPlatform:
    device_type = ""
current_platform = UnspecifiedPlatform()
"""
"""What vLLM finds in its CUDA image without a GPU."""
LAUNCHER = """
def validate_api_server_args(parsed):
    if parsed.tool_call_parser == "nope":
        raise KeyError("invalid tool call parser: nope")
"""
PARSER = """
import argparse
from vllm.platforms import current_platform
def make_arg_parser(parser):
    if not current_platform.device_type:
        raise RuntimeError("Failed to infer device type")
    parser.add_argument("model_tag")
    parser.add_argument("--port", type=int)
    parser.add_argument("--max-num-seqs", type=int)
    parser.add_argument("--max-num-active-seqs", type=int)
    parser.add_argument("--max-num-batched-tokens", type=int)
    parser.add_argument("--load-format")
    parser.add_argument("--tool-call-parser")
    parser.add_argument("--tool-parser-plugin", default="")
    return parser
def validate_parsed_serve_args(parsed):
    pass
"""
CONFIGURED = """
class AsyncEngineArgs:
    @staticmethod
    def from_cli_args(parsed):
        made = AsyncEngineArgs()
        made.parsed = parsed
        return made
    def create_engine_config(self):
        {}
"""


def outcome_of(
    folder: Path, does: str, *words: str, platform: str | None = PLATFORM, model: str = "some/model"
) -> tuple[int, str]:
    """The exit code and the last line, with a configuration that behaves so."""
    for name in ("engine", "entrypoints/launchers", "utils") if platform else ():
        (folder / "vllm" / name).mkdir(parents=True)
    if platform:
        (folder / "vllm/engine/arg_utils.py").write_text(CONFIGURED.format(does))
        (folder / "vllm/platforms.py").write_text(platform)
        (folder / "vllm/entrypoints/launchers/cli_args.py").write_text(PARSER)
        (folder / "vllm/entrypoints/launchers/launcher.py").write_text(LAUNCHER)
        parser = "from argparse import ArgumentParser as FlexibleArgumentParser"
        (folder / "vllm/utils/argparse_utils.py").write_text(parser)
    command = preflight.command(("vllm", "serve", model, "--port", "8000", *words))
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    env = untraced | {"PYTHONPATH": str(folder)}
    ran = subprocess.run([sys.executable, *command[1:]], env=env, check=False, capture_output=True, text=True)
    return ran.returncode, (ran.stdout + ran.stderr).strip().rpartition("\n")[2]


@pytest.mark.trial(14)
@pytest.mark.parametrize(
    ("does", "code", "words"),
    [
        ("pass", 0, ""),
        ("raise OSError('You are trying to access a gated repo.')", 1, "OSError: You are trying to access"),
        ("raise ValueError('max_model_len is too long')", 1, "ValueError: max_model_len is too long"),
        ("raise RuntimeError('Failed to infer device type')", 0, "cannot tell without a GPU"),
        ("raise ValueError('this platform has no FP8')", 0, "cannot tell without a GPU"),
        ("raise ValueError('it will cause a CUDA array out-of-bounds error')", 1, "ValueError: it will cause a CUDA"),
        ("raise TypeError(\"'NoneType' object is not callable\")", 0, "cannot tell without a GPU"),
        ("raise OSError('Check your internet connection')", 0, "cannot tell without a GPU"),
        ("raise KeyError('Reasoning parser x not found')", 1, "KeyError: 'Reasoning parser x not found"),
        ("raise KeyError('sm_90')", 0, "cannot tell without a GPU"),
        ("import os; os.abort()", 0, "cannot tell without a GPU: signal 6"),
    ],
)
def test_only_what_no_gpu_has_a_say_in_is_a_no(tmp_path: Path, does: str, code: int, words: str) -> None:
    found = outcome_of(tmp_path, does)
    assert (found[0], found[1].startswith(words)) == (code, True), found


@pytest.mark.parametrize("does", ["pass", "raise ValueError('this GPU has no FP8')"])
@pytest.mark.parametrize(("content", "code"), [("whole", 0), ("cut", 1)])
def test_weights_that_are_cut_are_a_no_before_anything_is_replaced_whatever_the_configuration_says(
    tmp_path: Path, content: str, code: int, does: str
) -> None:
    model = model_of(tmp_path, content)
    found = outcome_of(tmp_path, does, model=str(model))
    last = f"SafetensorError: incomplete metadata: {model}/two.safetensors"
    assert found[0] == code
    assert (found[1] == last) == bool(code)


def model_of(folder: Path, content: str) -> Path:
    """A folder of two files of weights, the second with this content."""
    (folder / "safetensors.py").write_text(SAFETENSORS)
    model = folder / "model"
    model.mkdir()
    (model / "one.safetensors").write_text("whole")
    (model / "two.safetensors").write_text(content)
    return model


def test_files_that_vllm_does_not_load_may_be_broken(tmp_path: Path) -> None:
    model = model_of(tmp_path, "cut")
    (model / "model.safetensors.index.json").write_text('{"weight_map": {"a": "one.safetensors"}}')
    assert outcome_of(tmp_path, "pass", model=str(model)) == (0, "")


def test_another_loader_may_read_other_files(tmp_path: Path) -> None:
    assert outcome_of(tmp_path, "pass", "--load-format=dummy", model=str(model_of(tmp_path, "cut"))) == (0, "")


def test_weights_that_cannot_be_examined_are_not_a_no(tmp_path: Path) -> None:
    model = model_of(tmp_path, "whole")
    (model / "model.safetensors.index.json").write_text("{")
    code, words = outcome_of(tmp_path, "pass", model=str(model))
    assert (code, words.startswith("cannot tell about the weights: JSONDecodeError")) == (0, True)


BATCHES = """
        tokens = self.parsed.max_num_batched_tokens or 2048
        sequences = self.parsed.max_num_seqs or 128
        if tokens < sequences or (self.parsed.max_num_active_seqs or 0) > sequences:
            raise ValueError("batch")
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--max-num-seqs=4096",), 0),
        (("--max-num-active-seqs=256",), 0),
        (("--max-num-seqs=16", "--max-num-batched-tokens=8"), 1),
        (("--max-num-seqs=16", "--max-num-active-seqs=17"), 1),
    ],
)
def test_defaults_of_a_gpu_that_is_not_there_do_not_count(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    assert outcome_of(tmp_path, BATCHES, *words)[0] == code


def test_a_processor_has_its_own_defaults(tmp_path: Path) -> None:
    of_processors = PLATFORM.replace('""', '"cpu"')
    assert outcome_of(tmp_path, BATCHES, "--max-num-seqs=4096", platform=of_processors)[0] == 1


@pytest.mark.parametrize(("words", "code"), [((), 1), (("--tool-parser-plugin=/own.py",), 0)])
def test_a_parser_of_tools_that_is_not_registered_is_a_no_unless_a_plugin_may_bring_it(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    assert outcome_of(tmp_path, "pass", "--tool-call-parser=nope", *words)[0] == code


def test_an_image_whose_parser_cannot_be_built_cannot_be_checked(tmp_path: Path) -> None:
    code, words = outcome_of(tmp_path, "raise OSError('not reached')", platform="current_platform = None")
    assert (code, words.startswith("cannot tell: ")) == (0, True)


def test_arguments_that_the_parser_does_not_recognize_fail_the_check(tmp_path: Path) -> None:
    code, words = outcome_of(tmp_path, "pass", "--no-such-flag")
    assert (code, "unrecognized arguments: --no-such-flag" in words) == (2, True)


def test_an_image_without_vllm_cannot_be_checked_and_passes(tmp_path: Path) -> None:
    assert outcome_of(tmp_path, "pass", platform=None)[0] == 0
