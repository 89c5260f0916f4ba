"""`fairlead router --check`: what a router would do with a file, before one runs."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

FILE = """
endpoints: ["127.0.0.1:8000"]
models: [chat]
routing:
  tenants: [{name: shop, keys: [{sha256: %s}]}]
  timeouts: {total: 1m}
  connections: {cors: {origins: ["https://app.example"]}}
""" % ("a" * 64)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "router.yaml"
    path.write_text(FILE)
    return path


def test_every_setting_is_one_aligned_line_with_the_value_that_counts(run: Run, config: Path) -> None:
    code, out, err = run("router", "--check", str(config))
    settings = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (code, err) == (0, "")
    assert settings["endpoints"] == "127.0.0.1:8000"
    assert settings["routing.timeouts.totalSeconds"] == "60.0"
    assert settings["routing.tenants[0].keys"] == "sha256"
    assert settings["routing.tenants[0].keysFound"] == "1"
    assert settings["routing.longLane"] == "-"
    assert (
        len({line.index(settings[line.split()[0]]) for line in out.splitlines() if line.startswith("routing.t")}) == 1
    )


def test_as_json_it_is_one_object_without_secrets(run: Run, config: Path) -> None:
    document = json.loads(run("router", "--check", str(config), "-o", "json")[1])
    assert document["routing"]["connections"]["corsOrigins"] == ["https://app.example"]
    assert "aaaa" not in json.dumps(document)


def test_a_gateways_file_is_shown_with_its_targets_and_without_its_keys(run: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-secret")
    external = {"name": "external/big", "url": "https://a/v1", "model": "m", "keyFile": str(tmp_path / "key")}
    target = {"target": "ns/a", "endpoints": ["127.0.0.1:8000"], "pricePerHour": "2.10"}
    route = {"name": "chat", "target": "ns/a", "fallback": {"targets": ["external/big"]}}
    document = {"renderedFrom": "x", "targets": [target], "externals": [external], "routes": [route]}
    path = tmp_path / "router.json"
    path.write_text(json.dumps(document))
    code, out, _ = run("router", "--check", str(path), "-o", "json")
    shown = json.loads(out)
    assert code == 0
    assert (shown["targets"][0]["pricePerHour"], shown["routes"][0]["name"]) == ("2.10", "chat")
    assert (shown["externals"][0]["api"]["model"], shown["externals"][0]["key"]) == ("m", None)
    assert "sk-secret" not in out
    assert "selector" not in shown


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_of_the_metrics_port_is_shown_by_its_location(form: str, run: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("metrics-secret")
    config.write_text(f"{FILE}metricsKeys: [{{file: {tmp_path / 'metrics'}}}]\n")
    code, out, _ = run("router", "--check", str(config), "-o", form)
    shown = json.loads(out) if form == "json" else dict(line.split(maxsplit=1) for line in out.splitlines())
    location = f"file {tmp_path / 'metrics'}"
    assert (code, shown["metricsKeys"]) == (0, [location] if form == "json" else location)
    assert str(shown["metricsKeysFound"]) == "1"


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_key_that_routers_share_is_counted_and_never_shown(form: str, run: Run, tmp_path: Path) -> None:
    """Whoever knows it can pose as one of them."""
    (tmp_path / "current").write_text("peer-secret" * 6)
    path = tmp_path / "router.json"
    path.write_text(
        json.dumps(
            {
                "renderedFrom": "x",
                "endpoints": ["127.0.0.1:8000"],
                "peerKeysFolder": str(tmp_path),
                "metricsKeys": ["b" * 64],
            }
        )
    )
    code, out, _ = run("router", "--check", str(path), "-o", form)
    shown = json.loads(out) if form == "json" else dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (code, str(shown["peerKeysFound"]), str(shown["metricsKeysFound"])) == (0, "1", "1")
    assert not [one for one in ("peer-secret", "bbbb", "b'", "\\x") if one in out]


def test_what_would_do_nothing_is_a_warning(run: Run, config: Path) -> None:
    config.write_text(FILE.replace("sha256: " + "a" * 64, "file: /absent/key"))
    code, _, err = run("router", "--check", str(config))
    assert code == 1
    assert "warning: tenant shop: file /absent/key: no key could be read" in err


@pytest.mark.parametrize("words", [("--check",), ("--config",)])
def test_an_invalid_configuration_is_reported_with_the_file_and_the_key(
    words: tuple[str], run: Run, config: Path
) -> None:
    config.write_text("endpoint: [a:1]")
    code, out, err = run("router", *words, str(config))
    assert (code, out) == (2, "")
    assert err == (
        f"fairlead router: {config}: endpoint: (not shown): there is no such field; did you mean endpoints?\n"
    )


def test_a_missing_configuration_file_is_reported(run: Run) -> None:
    code, _, err = run("router", "--check", "/absent/router.yaml")
    assert code == 2
    assert "/absent/router.yaml" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('endpoints: ["127.0.0.1:99999"]', "endpoints: 127.0.0.1:99999: the port must be from 1 to 65535; correct it"),
        ('endpoints: ["127.0.0.1:0"]', "endpoints: 127.0.0.1:0: the port must be from 1 to 65535; correct it"),
        ("endpoints: [a:1]\nendpoints: [a:2]", "the field endpoints is there twice"),
        ("", "it is empty; begin with endpoints: [host:port]"),
    ],
)
def test_a_file_that_no_router_could_serve_as_written_is_refused(text: str, words: str, run: Run, config: Path) -> None:
    config.write_text(text)
    code, _, err = run("router", "--check", str(config))
    assert code == 2
    assert err.startswith(f"fairlead router: {config}: ")
    assert words in err


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    assert run("router", "--check", "/nowhere.yaml") == (
        2,
        "",
        "fairlead router: /nowhere.yaml: No such file or directory; correct the path\n",
    )


@pytest.mark.parametrize("option", ["--check", "--config"])
def test_a_variable_of_the_shell_that_is_not_set_is_no_file(
    option: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("router", option, "")
    assert f"argument {option}: no file is named; write its path" in capsys.readouterr().err
