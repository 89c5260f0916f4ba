"""The options of `trtllm-serve`, as far as the emulator acts on them: `commands/serve.py`.

Every other option that its parser has is ignored with its value, and one that it lacks gets click's error. Options are
spelled in full, mostly with underscores.
"""

from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from fairlead.emulator.command_line import FlagParser, ParserExit
from fairlead.engines import extra_args
from fairlead.engines.tensorrt_llm import parsers
from fairlead.engines.tensorrt_llm.parser_flags import FLAGS

PROGRAM: Final = "trtllm-serve"
_NUMBERS: Final = {
    "max_batch_size": (),
    "max_num_tokens": (),
    "max_seq_len": (),
    "tensor_parallel_size": ("tp_size",),
    "pipeline_parallel_size": ("pp_size",),
    "moe_expert_parallel_size": ("ep_size",),
}
"""Integer options for the key of that name, with aliases."""


def parsed(words: Sequence[str]) -> Namespace:
    """Parse the options under the keys they set; None for one that is not given."""
    _check(words)
    found, _ = _parser().parse_known_args(list(words))
    for name, names in (("tool_parser", parsers.TOOLS), ("reasoning_parser", parsers.REASONING)):
        chosen = getattr(found, name)
        if chosen is not None and chosen not in names:
            shown = ", ".join(f"'{one}'" for one in names)
            raise _refused(f"Invalid value for '--{name}': '{chosen}' is not one of {shown}.")
    return found


def _parser() -> FlagParser:
    parser = FlagParser(prog=PROGRAM, add_help=False, allow_abbrev=False)
    parser.add_argument("--served_model_name")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--config", "--extra_llm_api_options")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--tool_parser")
    parser.add_argument("--reasoning_parser")
    parser.add_argument("--kv_cache_dtype", dest="kv_cache_config.dtype")
    share = "kv_cache_config.free_gpu_memory_fraction"
    parser.add_argument("--free_gpu_memory_fraction", "--kv_cache_free_gpu_memory_fraction", dest=share, type=float)
    parser.add_argument("--enable_chunked_prefill", action="store_true", default=None)
    for name, others in _NUMBERS.items():
        parser.add_argument(f"--{name}", *(f"--{other}" for other in others), dest=name, type=int)
    return parser


def _check(words: Sequence[str]) -> None:
    """Refuse the first word that is not one of its options, with its parser's message."""
    for word in words:
        shown = word.partition("=")[0]
        if extra_args.flag(word) is not None and shown not in FLAGS:
            raise _refused(f"No such option: {shown}")


def _refused(why: str) -> ParserExit:
    return ParserExit(f"Usage: {PROGRAM} serve [OPTIONS] MODEL\nError: {why}")
