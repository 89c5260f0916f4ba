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
PARSER = """
import argparse
def make_arg_parser(parser):
    parser.add_argument("model_tag")
    parser.add_argument("--port", type=int)
    return parser
def validate_parsed_serve_args(parsed):
    pass
"""
CONFIGURED = """
class AsyncEngineArgs:
    @staticmethod
    def from_cli_args(parsed):
        return AsyncEngineArgs()
    def create_engine_config(self):
        {}
"""


def outcome_of(
    folder: Path, does: str, *words: str, present: bool = True, model: str = "some/model"
) -> tuple[int, str]:
    """The exit code and the last line, with a configuration that behaves so."""
    for name in ("engine", "entrypoints/launchers", "utils") if present else ():
        (folder / "vllm" / name).mkdir(parents=True)
    if present:
        (folder / "vllm/engine/arg_utils.py").write_text(CONFIGURED.format(does))
        (folder / "vllm/entrypoints/launchers/cli_args.py").write_text(PARSER)
        parser = "from argparse import ArgumentParser as FlexibleArgumentParser"
        (folder / "vllm/utils/argparse_utils.py").write_text(parser)
    command = preflight.command(("vllm", "serve", model, "--port", "8000", *words))
    env = os.environ | {"PYTHONPATH": str(folder)}
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
    ],
)
def test_only_what_no_gpu_has_a_say_in_is_a_no(tmp_path: Path, does: str, code: int, words: str) -> None:
    found = outcome_of(tmp_path, does)
    assert (found[0], found[1].startswith(words)) == (code, True), found


@pytest.mark.parametrize(("content", "code"), [("whole", 0), ("cut", 1)])
def test_weights_that_are_cut_are_a_no_before_anything_is_replaced(tmp_path: Path, content: str, code: int) -> None:
    (tmp_path / "safetensors.py").write_text(SAFETENSORS)
    model = tmp_path / "model"
    model.mkdir()
    (model / "one.safetensors").write_text("whole")
    (model / "two.safetensors").write_text(content)
    found = outcome_of(tmp_path, "pass", model=str(model))
    last = f"SafetensorError: incomplete metadata: {model}/two.safetensors" if code else ""
    assert found == (code, last)


def test_arguments_that_the_parser_does_not_recognize_fail_the_check(tmp_path: Path) -> None:
    code, words = outcome_of(tmp_path, "pass", "--no-such-flag")
    assert (code, "unrecognized arguments: --no-such-flag" in words) == (2, True)


def test_an_image_without_vllm_cannot_be_checked_and_passes(tmp_path: Path) -> None:
    assert outcome_of(tmp_path, "pass", present=False)[0] == 0
