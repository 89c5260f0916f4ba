"""How vLLM checks its command in its own image and without a GPU: weight files, its parser, then its configuration.

vLLM's parser cannot even be built if no device is found, so that the CUDA build gets the name of one. Without a GPU it
cannot check every part of its configuration, and its defaults for batches are those of a small GPU. So only errors that
do not depend on a GPU count as a refusal: arguments that the parser or its validation refuses, a model that cannot be
fetched, values that contradict the model's own, parsers that are not registered. Weight files in the pod are opened,
which reads their headers: an engine logs a truncated one in another process, and its own last words only point there.
"""

from typing import Final

PROGRAM: Final = r"""
import glob, importlib, json, os, re, sys
child = os.fork()
if child:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(code if code >= 0 else print(f"cannot tell without a GPU: signal {-code}"))
UNCERTAIN = (
    r"(?i)\b(cuda(?! array)|rocm|gpus?|devices?|drivers?|nvml|platforms?|capability|kernels?|backends?|triton|nonetype|"
    r"internet connection|to be inspected)\b"
)
LARGE_STEP = 1 << 24
def open_weights(folder):
    from safetensors import SafetensorError, safe_open
    index = os.path.join(folder, "model.safetensors.index.json")
    listed = set(json.load(open(index))["weight_map"].values()) if os.path.exists(index) else None
    for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
        if listed is not None and os.path.basename(path) not in listed:
            continue
        try:
            with safe_open(path, framework="pt"):
                pass
        except SafetensorError as problem:
            sys.exit(f"SafetensorError: {problem}: {path}")
def name_device():
    platform = type(importlib.import_module("vllm.platforms").current_platform)
    if platform.device_type:
        return False
    platform.device_type = "cuda"
    return True
def check_server(parsed):
    if getattr(parsed, "tool_parser_plugin", "") or getattr(parsed, "reasoning_parser_plugin", ""):
        return
    for place in ("launchers.launcher", "openai.api_server"):
        try:
            check = importlib.import_module(f"vllm.entrypoints.{place}").validate_api_server_args
        except Exception:
            continue
        return check(parsed)
if not any(word.startswith(("--load-format", "--load_format")) for word in sys.argv):
    try:
        open_weights(sys.argv[1])
    except Exception as problem:
        print(f"cannot tell about the weights: {problem!r}")
try:
    blind = name_device()
except Exception:
    blind = False
try:
    from vllm.engine.arg_utils import AsyncEngineArgs
    try:
        from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    except ImportError:
        from vllm.entrypoints.openai.cli_args import make_arg_parser, validate_parsed_serve_args
    try:
        from vllm.utils.argparse_utils import FlexibleArgumentParser
    except ImportError:
        from vllm.utils import FlexibleArgumentParser
    parser = make_arg_parser(FlexibleArgumentParser())
except Exception as problem:
    sys.exit(print(f"cannot tell: {problem!r}"))
parsed = parser.parse_args(sys.argv[1:])
parsed.model = parsed.model_tag
if blind and parsed.max_num_seqs is None:
    parsed.max_num_active_seqs = None
if blind and parsed.max_num_batched_tokens is None:
    parsed.max_num_batched_tokens = LARGE_STEP
try:
    validate_parsed_serve_args(parsed)
    check_server(parsed)
    AsyncEngineArgs.from_cli_args(parsed).create_engine_config()
except (KeyError, OSError, TypeError, ValueError) as problem:
    words = str(problem)
    if not re.search(UNCERTAIN, words) and (not isinstance(problem, KeyError) or "parser" in words):
        sys.exit(f"{type(problem).__name__}: {problem}")
    print(f"cannot tell without a GPU: {problem}")
except Exception as problem:
    print(f"cannot tell without a GPU: {problem!r}")
"""
"""Exits with 0 also if it cannot decide; the parser itself exits with 2."""


def command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the check pod's command for an engine's."""
    return "python3", "-c", PROGRAM, *words[2:]
