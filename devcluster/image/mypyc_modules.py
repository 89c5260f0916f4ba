"""`python -m devcluster.image.mypyc_modules FOLDER FILE …`: compile these files below a folder into its `made`.

The folder becomes the working directory, so that no path of the machine gets into a module; equal sources become equal
bytes.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

from mypyc.build import mypycify
from setuptools import setup

SETTINGS: Final = "pyproject.toml"
MADE: Final = "made"


def main(argv: Sequence[str] | None = None) -> int:
    """Compile; errors appear in mypy's and the compiler's own output."""
    folder, *files = sys.argv[1:] if argv is None else argv
    os.chdir(folder)
    modules = mypycify(["--config-file", SETTINGS, *files], opt_level="2", debug_level="0", separate=True)
    words = ["build_ext", f"--build-lib={MADE}", "--build-temp=objects", f"--parallel={os.cpu_count() or 1}"]
    setup(name="modules", packages=[], ext_modules=modules, script_args=words)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
