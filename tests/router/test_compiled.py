"""Data plane and simulator as in the image, with their hottest files compiled: the same tests pass."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from devcluster.cache import Cache
from devcluster.image import compiled
from devcluster.image.compiled_files import LIBRARIES, libraries, listed, read_by
from house import pure
from house.lane_folders import RUN_COMPILED
from house.tree import ROOT

FEW_EXAMPLES: Final = "10"
"""Of each property: compiled code that differs does so at once."""


@pytest.mark.conformance
def test_the_tests_of_these_folders_pass_with_compiled_code(tmp_path: Path) -> None:
    place = compiled.package(ROOT, Cache.chosen(), tmp_path / "package")
    words = [*RUN_COMPILED, "-m", pure.MARKER, "-n", "2", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={place} ."]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env=env | {pure.EXAMPLES: FEW_EXAMPLES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "changes a constant or a method" in ran.stdout, "it was compiled code"


def test_no_class_elsewhere_inherits_from_a_compiled_one() -> None:
    """Python refuses to instantiate it, when the first request needs one."""
    sources = compiled.CompiledSources.of(ROOT)
    names = {one for file in sources.files for one, _ in _classes(sources.sources[file])}
    heirs = [
        f"{file}: {name}"
        for file, text in sources.sources.items()
        if file not in sources.files
        for name, bases in _classes(text)
        if names.intersection(bases)
    ]
    assert heirs == [], "leave out of devcluster/image/compiled.txt what these inherit from, or put these in"


def test_no_named_tuple_and_no_shape_of_msgspec_is_compiled() -> None:
    """A compiled named tuple is no tuple, and a compiled msgspec struct is not filled in."""
    sources = compiled.CompiledSources.of(ROOT)
    shapes = [
        f"{file}: {name}"
        for file in sources.files
        for name, bases in _classes(sources.sources[file])
        if {"NamedTuple", "TypedDict", "Struct"}.intersection(bases)
    ]
    assert shapes == []


def test_the_list_names_files_that_are_there_in_order() -> None:
    files = listed(ROOT)
    assert files == compiled.CompiledSources.of(ROOT).files, "a file that is gone is in devcluster/image/compiled.txt"
    assert list(files) == sorted(set(files), key=lambda one: (one.rpartition("/")[0], one))


def test_each_file_of_the_data_plane_is_in_its_library_and_of_the_simulator_in_another() -> None:
    together = libraries(listed(ROOT))
    assert [name for _, name in together] == list(LIBRARIES)
    files = [one for files, _ in together for one in files]
    assert len(files) == len(set(files))
    assert {one for one in listed(ROOT) if one.startswith(("fairlead/router/", "fairlead/routing/"))} == {
        *together[0][0]
    }
    assert libraries(["fairlead/telemetry/histogram.py"]) == [], "a library of its own"


def test_an_edit_of_what_is_imported_makes_other_modules_and_any_other_edit_none() -> None:
    sources = {
        "fairlead/router/a.py": b"from fairlead.routing import b\n",
        "fairlead/routing/b.py": b"from fairlead.fleet.c import C\n",
        "fairlead/fleet/c.py": b"class C: ...\n",
        "fairlead/cli/d.py": b"from fairlead.router import a\n",
    }
    assert read_by(sources, ("fairlead/router/a.py",)) == [
        "fairlead/fleet/c.py",
        "fairlead/router/a.py",
        "fairlead/routing/b.py",
    ]

    def key(**changed: bytes) -> str:
        made_from = sources | {f"fairlead/{name.replace('_', '/')}.py": text for name, text in changed.items()}
        return compiled.CompiledSources(files=("fairlead/router/a.py",), sources=made_from, settings=b"").key

    assert key(fleet_c=b"class C: x = 1\n") != key()
    assert key(cli_d=b"pass\n") == key()


def test_modules_name_the_files_that_they_were_made_from(tmp_path: Path) -> None:
    """So that a build with newer files beside older modules fails: those would run in their place."""
    sources = {"fairlead/a.py": b"A = 1\n"}
    made_from = compiled.CompiledSources(files=("fairlead/a.py",), sources=sources, settings=b"")
    made_from.lay_out(tmp_path)
    check = ["sha256sum", "--check", "--quiet"]
    assert subprocess.run(check, input=made_from.digests(), text=True, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "fairlead" / "a.py").write_text("A = 2\n")
    stale = subprocess.run(check, input=made_from.digests(), text=True, cwd=tmp_path, check=False, capture_output=True)
    assert stale.returncode == 1
    assert "fairlead/a.py: FAILED" in stale.stdout


def test_a_checkout_without_a_list_has_no_modules(tmp_path: Path) -> None:
    compiled.copy_to(tmp_path / "context", tmp_path, Cache(tmp_path / "cache"))
    assert not (tmp_path / "context").exists()


def _classes(text: bytes) -> list[tuple[str, set[str]]]:
    found = (one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.ClassDef))
    return [(one.name, {ast.unparse(base).rpartition(".")[2] for base in one.bases}) for one in found]
