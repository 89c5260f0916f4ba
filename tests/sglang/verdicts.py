"""SGLang's own verdict on command lines: of its parser, and of what it resolves and checks before it loads a model.

Runs only in an interpreter that has SGLang: command lines as JSON in, verdicts as JSON out. Each is for the tiny model,
so what depends on another model's shape is not found.
"""

import json
import subprocess
from collections.abc import Sequence
from typing import Final

from devcluster.cache import Cache
from house import real_sglang, tiny_model

TAKEN: Final = "taken"
PROGRAM: Final = """
import contextlib, io, json, sys
from sglang.srt.server_args import ServerArgs, prepare_server_args
def verdict(words):
    heard = io.StringIO()
    try:
        with contextlib.redirect_stderr(heard):
            arguments = prepare_server_args(words)
            arguments.resolve_once()
            arguments.check_server_args()
    except SystemExit:
        return "parser: " + heard.getvalue().strip().splitlines()[-1]
    except BaseException as problem:
        return f"{type(problem).__name__}: {problem}"
    return "taken"
print("\\n" + json.dumps([verdict(words) for words in json.load(sys.stdin)]))
"""
FLAGS: Final = """
import argparse, json
from sglang.srt.server_args import ServerArgs
parser = argparse.ArgumentParser()
ServerArgs.add_cli_args(parser)
print("\\n" + json.dumps(sorted(flag for action in parser._actions for flag in action.option_strings)))
"""


def of(commands: Sequence[Sequence[str]]) -> list[str]:
    """`taken`, or SGLang's message against each."""
    model = str(tiny_model.model(Cache.chosen()))
    words = [["--model-path", model, "--device", "cpu", *command[3:]] for command in commands]
    return list(json.loads(_printed(PROGRAM, json.dumps(words))))


def flags() -> list[str]:
    """Every option that its parser knows."""
    return list(json.loads(_printed(FLAGS, "")))


def _printed(program: str, given: str) -> str:
    python = real_sglang.python(Cache.chosen())
    words, env = [str(python), "-c", program], real_sglang.environment()
    ran = subprocess.run(words, input=given, check=True, capture_output=True, text=True, env=env)
    return ran.stdout.splitlines()[-1]
