"""`python -m house.vllm_flags [--drift]`: record every flag of real vLLM's parser, and the values it takes."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from devcluster.cache import Cache
from house import real_vllm
from house.tree import ROOT

FILE: Final = ROOT / "operator" / "fairlead" / "engines" / "vllm" / "parser_flags.py"

PROGRAM: Final = """
import json
import vllm.config
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.model_executor.model_loader import _LOAD_FORMAT_TO_MODEL_LOADER
from vllm.utils.argparse_utils import FlexibleArgumentParser

CONFIGS = ("Model", "Load", "Parallel", "Cache", "Scheduler", "Observability", "UVAOffload", "PrefetchOffload")

def kind(read):
    name = getattr(read, "__name__", "str")
    if name not in ("_optional_type", "_parse_type"):
        return name
    return kind(read.__closure__[0].cell_contents) + ("?" if name == "_optional_type" else "")

def takes(action):
    if action.nargs == 0:
        return "switch"
    return kind(action.type) + {"?": "~", "+": "+"}.get(action.nargs, "")

flags = [
    {
        "names": action.option_strings,
        "takes": takes(action),
        "choices": [one for one in map(str, action.choices or ()) if one != "None"],
    }
    for action in make_arg_parser(FlexibleArgumentParser())._actions
    if action.option_strings
]
bounds = {
    name: {word: value for one in field.metadata for word in ("ge", "gt", "le", "lt")
           if (value := getattr(one, word, None)) is not None}
    for config in CONFIGS
    for name, field in getattr(vllm.config, config + "Config").__pydantic_fields__.items()
}
print(json.dumps({"flags": flags, "bounds": bounds, "load_formats": sorted(_LOAD_FORMAT_TO_MODEL_LOADER)}))
"""
"""`takes` is the name of the function that reads a value: with `?` it may be None, with `+` there may be several, and
with `~` there may be none. Bounds are those of configurations that vLLM makes for every model."""

KINDS: Final = MappingProxyType(
    {
        "switch": "switch",
        "int": "integer",
        "float": "number",
        "human_readable_int": "amount",
        "human_readable_int_or_auto": "amount",
        "loads": "json",
        "parse_dataclass": "object",
        "union_dict_and_str": "text-or-object",
        "<lambda>": "folded",
    }
)
"""Our names for what a flag takes; any other function reads text."""
COMPARED: Final = MappingProxyType({"ge": ">=", "gt": ">", "le": "<=", "lt": "<"})
OF_THE_DEVICE: Final = frozenset({"mm-processor-device"})
"""Flags whose choices include the device of the machine, which is a processor here."""
WIDTH: Final = 112

SETS: Final = '''
def _rows(text: str) -> Mapping[str, tuple[str, ...]]:
    words = (row.split() for row in text.split(";"))
    return MappingProxyType({flag: tuple(rest) for flag, *rest in words})


KINDS: Final = MappingProxyType({flag: kind for kind, flags in _KINDS.items() for flag in flags.split()})
"""What each flag takes. With `?` also nothing or `None`, with `+` several values, with `~` perhaps no value."""

LONG: Final = frozenset(flag for flag in KINDS if not flag.startswith("-"))
"""Without their dashes."""

SHORT: Final = frozenset(KINDS) - LONG

CHOICES: Final = _rows(_CHOICES)
BOUNDS: Final = _rows(_BOUNDS)
LOAD_FORMATS: Final = tuple(_LOAD_FORMATS.split())
'''


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file, or with --drift check that it still matches vLLM."""
    words = list(sys.argv[1:] if argv is None else argv)
    text = rendered(listed_flags(real_vllm.python(Cache.chosen())))
    if words == ["--drift"]:
        same = FILE.exists() and FILE.read_text(encoding="utf-8") == text
        print("vllm_flags: same as vLLM's" if same else "vllm_flags: run `python -m house.vllm_flags` and commit it")
        return 0 if same else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


def listed_flags(interpreter: Path) -> dict[str, Any]:
    """Return what the parser and its configurations report about themselves."""
    environment = real_vllm.environment()
    ran = subprocess.run([interpreter, "-c", PROGRAM], check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def rendered(reported: Mapping[str, Any]) -> str:
    """Long flags without their negations, since `--no-x` follows from `--x`."""
    flags = [one | {"names": _plain(one["names"])} for one in reported["flags"]]
    head = f'"""Every flag of the parser of vLLM {real_vllm.VERSION}; written by `python -m house.vllm_flags`."""'
    parts = (
        f"{head}\n\nfrom collections.abc import Mapping\nfrom types import MappingProxyType\nfrom typing import Final",
        _of_kinds(flags),
        _block("_CHOICES", "; ".join(_choices(flags))),
        _block("_BOUNDS", "; ".join(_bounds(flags, reported["bounds"]))),
        _block("_LOAD_FORMATS", " ".join(reported["load_formats"])),
        SETS,
    )
    return "\n\n".join(parts)


def _plain(names: Sequence[str]) -> list[str]:
    """Return a flag's names, long ones without dashes and negations."""
    kept = [name for name in names if not (name.startswith("--no-") and f"--{name[5:]}" in names)]
    return [name.removeprefix("--") for name in kept]


def _of_kinds(flags: Sequence[Mapping[str, Any]]) -> str:
    found: dict[str, set[str]] = {}
    for one in flags:
        found.setdefault(_kind(one["takes"]), set()).update(one["names"])
    rows = "".join(
        f'    "{kind}": """\n{_filled(" ".join(sorted(names)))}\n""",\n' for kind, names in sorted(found.items())
    )
    return f"_KINDS: Final = {{\n{rows}}}"


def _kind(takes: str) -> str:
    read = takes.rstrip("?+~")
    return KINDS.get(read, "text") + takes[len(read) :]


def _choices(flags: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = (one for one in flags if one["choices"] and not OF_THE_DEVICE.intersection(one["names"]))
    return sorted(" ".join((name, *one["choices"])) for one in rows for name in one["names"])


def _bounds(flags: Sequence[Mapping[str, Any]], bounds: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the rows of flags whose field has bounds, under each of a flag's names."""
    return sorted(
        " ".join((name, *(f"{COMPARED[word]}{value:g}" for word, value in limits.items())))
        for one in flags
        if (limits := bounds.get(one["names"][0].replace("-", "_")))
        for name in one["names"]
    )


def _block(name: str, text: str) -> str:
    return f'{name}: Final = """\n{_filled(text)}\n"""'


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


if __name__ == "__main__":
    raise SystemExit(main())
