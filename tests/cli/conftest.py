"""Fixtures for command tests: files, and a way to run commands on them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.cli import main
from fairlead.scaling.explain import record_codec
from tests.cli.candidate_files import CANDIDATES
from tests.cli.decisions import decided
from tests.cli.pretend_cluster import SCALING, PretendCluster, running
from tests.review.table import deployment

Run = Callable[..., tuple[int, str, str]]
File = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `fairlead` with these arguments: its exit code, stdout and stderr."""

    def ran(*words: str) -> tuple[int, str, str]:
        code = main.main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ran


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    """A cluster that the kubeconfig leads to, with an operator and one deployment that it scales."""
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        cluster.has_operator()
        cluster.has("chat", scaling=SCALING, readyReplicas=1)
        cluster.pages["/fairlead/v1/decisions/team/chat"] = record_codec.encode(decided())
        yield cluster


@pytest.fixture
def file(tmp_path: Path) -> File:
    """A file of one object, by default the minimal deployment; JSON is YAML."""

    def made(content: Any = None, name: str = "chat.yaml") -> str:  # noqa: ANN401  # an object or a text
        path = tmp_path / name
        given = deployment() if content is None else content
        path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
        return str(path)

    return made


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two candidates in a folder, and five minutes of traffic next to it."""
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "candidates.yaml").write_text(CANDIDATES)
    rows = [f"{number / 4},800,100" for number in range(1200)]
    (tmp_path / "steady.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    return tmp_path
