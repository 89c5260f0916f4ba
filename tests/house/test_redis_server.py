"""The setup that tests of the shared cache need."""

import shutil

import pytest

from house import redis_server


def test_where_a_server_is_there_nothing_is_installed(capfd: pytest.CaptureFixture[str]) -> None:
    if redis_server.found() is None:
        pytest.skip(f"none of {redis_server.PROGRAMS} here")
    assert redis_server.main() == 0
    assert capfd.readouterr().out == ""
    assert redis_server.found() in map(shutil.which, redis_server.PROGRAMS)


def test_a_user_who_may_not_install_gets_the_package_to_request(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert redis_server.main() == 0
    assert "apt-get install redis-server" in capfd.readouterr().out
