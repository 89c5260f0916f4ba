"""uv creates the environment; it must be pinned like all else and use the mirrors configured for pip."""

from house import venv

LOCK = """\
urllib3==2.5.0 \\
    --hash=sha256:aa
    # via requests
uv==0.9.1 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via fairlead (pyproject.toml:dev)
wrapt==2.0.0 \\
    --hash=sha256:dd
"""


def test_uv_comes_with_the_hashes_of_the_lock_and_alone() -> None:
    entry = venv.locked("uv", LOCK)
    assert entry.startswith("uv==0.9.1 ")
    assert "sha256:bb" in entry
    assert "sha256:cc" in entry
    assert "wrapt" not in entry
    assert "urllib3" not in entry


def test_our_own_lock_pins_uv() -> None:
    assert "--hash=sha256:" in venv.locked("uv", venv.LOCK.read_text())


def test_uv_gets_the_mirror_and_the_certificates_configured_for_pip() -> None:
    listed = "global.index-url='https://files.example/simple'\nglobal.timeout='9'\n:env:.cert='/etc/ssl/ours.pem'\n"
    assert venv.translated(listed) == {
        "UV_DEFAULT_INDEX": "https://files.example/simple",
        "SSL_CERT_FILE": "/etc/ssl/ours.pem",
    }


def test_the_environment_counts_more_than_a_file() -> None:
    listed = "global.find-links='/from/a/file'\n:env:.find-links='/from/the/environment'\n"
    assert venv.translated(listed) == {"UV_FIND_LINKS": "/from/the/environment"}


def test_where_nothing_is_configured_for_pip_uv_gets_nothing() -> None:
    assert venv.translated("") == {}
