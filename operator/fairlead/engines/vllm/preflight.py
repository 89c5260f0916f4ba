"""How vLLM checks its command in its own image and without a GPU: first its parser, then its configuration.

Without a GPU vLLM cannot build every part of its configuration. So only errors that do not depend on a GPU count as a
refusal: arguments that the parser or its validation refuses, a model that cannot be fetched, values that contradict the
model's own. Weight files in the pod are opened, which reads their headers: an engine logs a truncated one in another
process, and its own last words only point there.
"""

from typing import Final

PROGRAM: Final = r"""
import glob, os, re, sys
def open_weights(folder):
    from safetensors import SafetensorError, safe_open
    for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
        try:
            with safe_open(path, framework="pt"):
                pass
        except SafetensorError as problem:
            sys.exit(f"SafetensorError: {problem}: {path}")
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
try:
    validate_parsed_serve_args(parsed)
    AsyncEngineArgs.from_cli_args(parsed).create_engine_config()
    open_weights(parsed.model)
except (OSError, TypeError, ValueError) as problem:
    if not re.search(r"(?i)\b(cuda|gpus?|device|driver|nvml|platform)\b", str(problem)):
        sys.exit(f"{type(problem).__name__}: {problem}")
    print(f"cannot tell without a GPU: {problem}")
except Exception as problem:
    print(f"cannot tell without a GPU: {problem!r}")
"""
"""Exits with 0 also if it cannot decide; the parser itself exits with 2."""


def command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the check pod's command for an engine's."""
    return "python3", "-c", PROGRAM, *words[2:]
