"""Where the build tools are, and when they must be rebuilt."""

from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.setup import go_build, programs, tools


def test_every_tool_has_a_module_that_pins_it() -> None:
    for name, package in tools.PACKAGES.items():
        assert f"tool {package}\n" in (tools.SOURCES / name / "go.mod").read_text()
        assert (tools.SOURCES / name / "go.sum").stat().st_size > 0


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert tools.missing(cache, tools.LIGHT) == ("helm", "kubeconform")
    place = tools.folder(cache)
    place.mkdir(parents=True)
    for name in tools.LIGHT:
        (place / name).touch()
    assert tools.ensure(cache, tools.LIGHT) == place
    assert tools.missing(cache, tuple(tools.PACKAGES)) == ("kwok",)


def test_another_pin_is_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    (tmp_path / "helm").mkdir()
    (tmp_path / "helm/go.sum").write_text("one")
    monkeypatch.setattr(tools, "SOURCES", tmp_path)
    before = tools.folder(cache)
    (tmp_path / "helm/go.sum").write_text("two")
    assert tools.folder(cache) != before


def test_tools_and_programs_of_clusters_do_not_share_a_folder(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert tools.folder(cache).parent == programs.folder(cache).parent
    assert tools.folder(cache) != programs.folder(cache)


def test_go_keeps_its_files_in_our_cache_and_uses_no_c_compiler(tmp_path: Path) -> None:
    env = go_build.environment(Cache(tmp_path))
    assert {env["GOCACHE"], env["GOMODCACHE"]} == {str(tmp_path / "go/build"), str(tmp_path / "go/mod")}
    assert (env["CGO_ENABLED"], env["GOWORK"]) == ("0", "off")
