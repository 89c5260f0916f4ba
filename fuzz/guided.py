"""The same targets under atheris, guided by coverage: `python -m fuzz.guided requests [libFuzzer's options]`.

Needs atheris, which the project does not depend on: `pip install atheris` into a venv of its own. Its corpus stays in
.build/fuzz; the seeds are only read.
"""

import sys
from typing import Final

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

with atheris.instrument_imports(include=["fairlead.router.wire"]):
    from fuzz import targets
    from fuzz.wire import SEEDS

LEARNT: Final = SEEDS.parent.parent / ".build" / "fuzz"


def main() -> None:
    """Run until libFuzzer's own limits end it, for instance `-max_total_time=60`."""
    name, *options = sys.argv[1:]
    target = targets.all_of_them()[name]
    learnt = LEARNT / name
    learnt.mkdir(parents=True, exist_ok=True)

    def run(data: bytes) -> None:
        target(data)

    folders = [str(learnt), str(SEEDS / name)]
    atheris.Setup([sys.argv[0], "-max_len=8192", f"-artifact_prefix={learnt}/", *options, *folders], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
