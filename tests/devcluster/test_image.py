"""The image's name follows its sources, old archives are removed, and the Dockerfile keeps its promises."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes
import pytest

from devcluster import progress
from devcluster.cache import Cache
from devcluster.image import build, compiled

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#"))
FINAL_STAGE = INSTRUCTIONS.rpartition("\nFROM ")[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one package, its test and a lock."""
    files = {
        "Dockerfile": "FROM base\n",
        ".dockerignore": "*\n",
        "locks/runtime.txt": "kopf==1\n",
        "locks/dev.txt": "pip==26 \\\n    --hash=sha256:aa\nruff==1 \\\n    --hash=sha256:bb\n",
        "operator/fairlead/fleet/roles.py": "ROLES = 2\n",
        "tests/fleet/test_roles.py": "def test_there_are_two_roles(): ...\n",
    }
    for name, text in files.items():
        write(tmp_path / name, text)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def key_of(checkout: Path) -> str:
    return build.key(build.snapshot(checkout))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("operator/fairlead/fleet/roles.py", "ROLES = 3\n"),
        ("operator/fairlead/fleet/data.json", "{}\n"),
        ("Dockerfile", "FROM other\n"),
        (".dockerignore", "*\n!operator\n"),
        ("locks/runtime.txt", "kopf==2\n"),
        ("locks/dev.txt", "pip==27 \\\n    --hash=sha256:cc\n"),
    ],
)
def test_whatever_goes_into_the_image_gives_it_another_name(checkout: Path, name: str, text: str) -> None:
    before = key_of(checkout)
    write(checkout / name, text)
    assert key_of(checkout) != before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tests/fleet/test_roles.py", "def test_there_are_three_roles(): ...\n"),
        ("README.md", "words\n"),
        ("operator/fairlead/fleet/__pycache__/roles.cpython-311.pyc", "bytes\n"),
        ("locks/dev.txt", "pip==26 \\\n    --hash=sha256:aa\nruff==2 \\\n    --hash=sha256:dd\n"),
    ],
)
def test_what_stays_out_of_the_image_leaves_its_name_alone(checkout: Path, name: str, text: str) -> None:
    before = key_of(checkout)
    write(checkout / name, text)
    assert key_of(checkout) == before


def test_text_that_moves_from_one_file_to_the_next_is_another_image() -> None:
    assert build.key({"a": b"1", "b": b"2"}) != build.key({"a": b"12", "b": b""})


def test_an_archive_that_is_there_answers_at_once_and_becomes_the_newest(checkout: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    archive = cache.images / f"fairlead-{key_of(checkout)}.tar"
    write(archive, "an image")
    os.utime(archive, (1, 1))

    built = build.build(checkout, cache)

    assert built == build.BuiltImage(reference="localhost/fairlead:dev", archive=archive)
    assert archive.stat().st_mtime > 1
    assert not (cache.images / ".lock").exists()


def test_the_newest_three_archives_stay_and_nothing_else_is_touched(tmp_path: Path) -> None:
    for age, name in enumerate(["fairlead-new", "fairlead-newer", "fairlead-old", "fairlead-older", "base-old"]):
        write(tmp_path / f"{name}.tar", name)
        os.utime(tmp_path / f"{name}.tar", (1000 - age, 1000 - age))

    build.drop_old(tmp_path)

    kept = sorted(path.stem for path in tmp_path.iterdir())
    assert kept == ["base-old", "fairlead-new", "fairlead-newer", "fairlead-old"]


def test_a_machine_with_everything_lacks_nothing() -> None:
    assert build.lacking(frozenset(build.PROGRAMS), root=True) is None


def test_all_that_is_missing_is_listed_in_one_message() -> None:
    programs = frozenset(build.PROGRAMS) - {"buildah", "debootstrap"}
    assert build.lacking(programs, root=False) == (
        "building the image needs root, to unpack a file system: run it as root (sudo -E); "
        "and Debian's buildah, debootstrap: apt-get install buildah debootstrap"
    )


def test_a_machine_without_the_programs_is_refused_before_anything_is_written(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    with pytest.raises(progress.StepFailed, match="apt-get install buildah"):
        build.build(checkout, Cache(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


def test_the_image_has_two_stages_on_one_base_that_can_be_chosen() -> None:
    assert re.findall(r"^FROM .*", INSTRUCTIONS, re.MULTILINE) == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert re.search(r"^ARG BASE=python:3\.11-slim$", INSTRUCTIONS, re.MULTILINE)


def test_the_process_has_an_unprivileged_numeric_user_and_no_init_before_it() -> None:
    assert "\nUSER 65532:65532\n" in FINAL_STAGE
    assert '\nENTRYPOINT ["python3", "-m", "fairlead"]' in FINAL_STAGE


def test_only_what_hashes_vouch_for_is_installed_and_nothing_is_compiled() -> None:
    assert "--require-hashes --only-binary=:all:" in INSTRUCTIONS
    assert not re.search(r"\b(apt-get|apt|apk|gcc|cc|make|build-essential)\b", INSTRUCTIONS)


def test_kubeconfigs_are_read_without_the_generated_classes_of_the_client(tmp_path: Path) -> None:
    (found,) = re.findall(r"find /opt/fairlead/(kubernetes .*)", INSTRUCTIONS)
    installed = Path(str(kubernetes.__file__)).parent
    shutil.copytree(installed, tmp_path / "kubernetes", copy_function=os.symlink, symlinks=True)
    before = sum(1 for _ in tmp_path.rglob("*.py"))

    subprocess.run(["sh", "-c", f"find {found}"], cwd=tmp_path, check=True)

    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py")]
    assert len(left) < before / 10
    assert "kubernetes/aio/client/configuration.py" in left
    reads = "import kopf, sys; from kubernetes.aio.config import kube_config; print(kube_config.__file__)"
    ran = subprocess.run(
        [sys.executable, "-B", "-c", reads],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, f"{tmp_path}/kubernetes/aio/config/kube_config.py"), ran.stderr


def test_the_final_stage_installs_nothing_and_writes_nothing_when_it_runs() -> None:
    assert "pip install" not in FINAL_STAGE
    assert "PYTHONDONTWRITEBYTECODE=1" in FINAL_STAGE
    assert INSTRUCTIONS.count("compileall -q --invalidation-mode unchecked-hash") == 2


def test_a_checkout_gives_the_build_only_what_the_dockerfile_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule for rule in rules if rule.startswith("!")} == {
        "!locks/runtime.txt",
        "!operator/fairlead",
        "!wheels",
        "!compiled",
    }


def test_modules_that_an_image_would_ignore_are_compiled_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "ARG BASE=python:{}.{}-slim".format(*compiled.IMAGE_PYTHON) in DOCKERFILE
    monkeypatch.setattr(compiled, "ensure", lambda *_: tmp_path)
    monkeypatch.setattr(compiled, "IMAGE_PYTHON", (3, 9))
    mine = "{}.{}".format(*sys.version_info[:2])
    assert compiled.main([]) == 0
    assert capsys.readouterr() == (
        f"{tmp_path}\n",
        (
            f"compiled: warning: an image ignores modules of another Python, and these are of {mine}: "
            f"write `make compiled PYTHON=python3.9`, or build with `--build-arg BASE=python:{mine}-slim`\n"
        ),
    )
    monkeypatch.setattr(compiled, "IMAGE_PYTHON", sys.version_info[:2])
    assert compiled.main([]) == 0
    assert capsys.readouterr().err == ""
