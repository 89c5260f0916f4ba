"""`python -m devcluster.image.mypyc_modules FOLDER FILE …`: compile these files of a folder into its `made`.

The folder becomes the working directory, so that no path of the machine gets into a module; equal sources become equal
bytes. mypyc's runtime is compiled once and linked into each library: included in each, it was two thirds of the time.
"""

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mypyc.build import mypycify
from setuptools import Extension, setup

from devcluster.image.compiled_files import libraries

SETTINGS: Final = "pyproject.toml"
MADE: Final = "made"
GENERATED: Final = "build"
"""Where mypyc writes C: its runtime at the top, modules in folders below."""
RUNTIME: Final = "mypycruntime"


def main(argv: Sequence[str] | None = None) -> int:
    """Compile; mypy and the compiler report errors themselves."""
    folder, *files = sys.argv[1:] if argv is None else argv
    os.chdir(folder)
    modules = mypycify(
        ["--config-file", SETTINGS, *files],
        opt_level="2",
        debug_level="0",
        separate=libraries(files),
        include_runtime_files=False,
        target_dir=GENERATED,
    )
    runtime = without_runtime(modules)
    library = {
        "sources": runtime,
        "include_dirs": [*modules[0].include_dirs, sysconfig.get_paths()["include"]],
        "cflags": modules[0].extra_compile_args,
    }
    words = [
        *("build_clib", "--build-clib=objects", "--build-temp=objects"),
        *("build_ext", f"--build-lib={MADE}", "--build-temp=objects", f"--parallel={os.cpu_count() or 1}"),
    ]
    setup(name="modules", packages=[], libraries=[(RUNTIME, library)], ext_modules=modules, script_args=words)
    return 0


def without_runtime(modules: Sequence[Extension]) -> list[str]:
    """Take the runtime's files out of each module's sources, and return them."""
    top = Path(GENERATED)
    runtime = sorted({source for one in modules for source in one.sources if Path(source).parent == top})
    for one in modules:
        one.sources = [source for source in one.sources if source not in runtime]
    return runtime


if __name__ == "__main__":
    raise SystemExit(main())
