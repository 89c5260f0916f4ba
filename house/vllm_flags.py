"""`python -m house.vllm_flags [--drift]`: record every flag of real vLLM's parser, as it reports them."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from house import real_vllm
from house.tree import ROOT

FILE: Final = ROOT / "operator" / "fairlead" / "engines" / "vllm" / "parser_flags.py"

PROGRAM: Final = """
import json
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
print(json.dumps(sorted(make_arg_parser(FlexibleArgumentParser())._option_string_actions)))
"""


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


def listed_flags(interpreter: Path) -> list[str]:
    """The parser's own list."""
    environment = real_vllm.environment()
    ran = subprocess.run([interpreter, "-c", PROGRAM], check=True, capture_output=True, text=True, env=environment)
    return list(json.loads(ran.stdout.splitlines()[-1]))


def rendered(flags: Sequence[str]) -> str:
    """Long flags without their negations, since `--no-x` follows from `--x`."""
    names = set(flags)
    negations = {flag for flag in names if flag.startswith("--no-") and f"--{flag[5:]}" in names}
    long = sorted(flag[2:] for flag in names - negations if flag.startswith("--"))
    short = sorted(flag for flag in names if flag.startswith("-") and not flag.startswith("--"))
    body = textwrap.fill(" ".join(long), 112, break_on_hyphens=False)
    head = f'"""Every flag the parser of vLLM {real_vllm.VERSION} knows; written by `python -m house.vllm_flags`."""'
    texts = f'_LONG: Final = """\n{body}\n"""\n\n_SHORT: Final = """\n{" ".join(short)}\n"""'
    long_set = 'LONG: Final = frozenset(_LONG.split())\n"""Without their dashes."""'
    short_set = "SHORT: Final = frozenset(_SHORT.split())"
    return f"{head}\n\nfrom typing import Final\n\n{texts}\n\n{long_set}\n\n{short_set}\n"


if __name__ == "__main__":
    raise SystemExit(main())
