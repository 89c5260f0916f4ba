"""Checks command lines with vLLM itself and returns the verdict of its parser and its configuration.

Runs as a program of its own (`python vllm_check_script.py`) in an interpreter that has vLLM and nothing of ours, so
that no process of the operator ever imports an engine. Each model is a `config.json` and a tokenizer that has single
bytes and the markers around reasoning: no weights are read, and what the model's own tokenizer lacks is not found.
"""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

TAKES_JSON: Final = "--speculative-config"
MARKERS: Final = (
    *("<think>", "</think>", "[THINK]", "[/THINK]", "<mm:think>", "</mm:think>"),
    *("<think:opensource>", "</think:opensource>", "[TOOL_CALLS]", "<assistant>"),
)
"""Tokens without which parsers of reasoning and of tools end the start."""


WITHOUT_VLLM: Final = 69
"""Exit code of an interpreter that has no vLLM: a missing module is no verdict on a command line."""


def main() -> int:
    """Read requests as JSON from standard input, write verdicts as JSON to standard output."""
    if importlib.util.find_spec("vllm") is None:
        return WITHOUT_VLLM
    requests = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps([verdict(one, Path(folder) / str(number)) for number, one in enumerate(requests)]))
    return 0


def verdict(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Whether vLLM accepts one command line, and its message if not."""
    words = list(request["arguments"])
    words[0] = _stand_in(folder / "model", request["model"])
    if request.get("draft") and TAKES_JSON in words:
        place = words.index(TAKES_JSON) + 1
        speculation = json.loads(words[place])
        speculation["model"] = _stand_in(folder / "draft", request["draft"])
        words[place] = json.dumps(speculation)
    words = [_present(word, folder) for word in words]
    try:
        _configure(words)
    except SystemExit as ended:
        return {"accepted": False, "words": f"the parser ended with {ended.code}"}
    except Exception as problem:  # noqa: BLE001  # whatever vLLM raises is its verdict
        return {"accepted": False, "words": " ".join(str(problem).split())[:600]}
    return {"accepted": True, "words": ""}


def _configure(words: list[str]) -> None:
    """Do what `vllm serve` does up to the point where it would start processes."""
    from vllm.engine.arg_utils import AsyncEngineArgs  # type: ignore[import-not-found]  # not here
    from vllm.entrypoints.launchers.cli_args import (  # type: ignore[import-not-found]
        make_arg_parser,
        validate_parsed_serve_args,
    )
    from vllm.entrypoints.launchers.launcher import (  # type: ignore[import-not-found]
        validate_api_server_args,
    )
    from vllm.platforms import current_platform  # type: ignore[import-not-found]  # not here
    from vllm.utils.argparse_utils import FlexibleArgumentParser  # type: ignore[import-not-found]  # not here

    parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(words)
    parsed.model = parsed.model_tag
    if current_platform.is_cpu():
        parsed.enable_sleep_mode = False  # a limit of this machine, not of the fleet: we refuse it for CPU ourselves
    validate_parsed_serve_args(parsed)
    if not parsed.tool_parser_plugin:
        validate_api_server_args(parsed)
    AsyncEngineArgs.from_cli_args(parsed).create_engine_config()


def _present(word: str, folder: Path) -> str:
    """Replace the path of a file that exists only in the pod by that of an empty file."""
    flag, equals, path = word.rpartition("=")
    if not path.startswith("/") or Path(path).exists():
        return word
    stand_in = folder / Path(path).name
    stand_in.touch()
    return f"{flag}{equals}{stand_in}"


def _stand_in(folder: Path, config: dict[str, Any]) -> str:
    folder.mkdir(parents=True)
    files = {
        "config.json": config,
        "tokenizer.json": tokenizer(),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
    }
    for name, document in files.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return str(folder)


def tokenizer() -> dict[str, Any]:
    """Build a tokenizer with one token for each byte, by the letters of byte-level tokenizers, and the markers."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [*map(chr, shown), *(chr(256 + place) for place in range(256 - len(shown)))]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False) | {"special": True}
    in_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "added_tokens": [flags | {"id": 256 + place, "content": word} for place, word in enumerate(MARKERS)],
        "pre_tokenizer": in_bytes,
        "decoder": in_bytes,
        "model": {"type": "BPE", "vocab": {letter: place for place, letter in enumerate(letters)}, "merges": []},
    }


if __name__ == "__main__":
    sys.exit(main())
