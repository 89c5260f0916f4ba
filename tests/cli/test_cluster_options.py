"""Options that choose a cluster and a place in it, for commands that play traffic: checked, and never passed over."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("command", ["simulate", "advise", "tune"])
def test_a_context_is_checked_and_refused_where_no_cluster_is_read(run: Run, files: Path, command: str) -> None:
    code, out, err = run(command, "--from", "infd/scaled", "--context", "elsewhere")
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead {command}: --context elsewhere: the kubeconfig has no context of this name; ")
    traffic = ("--traffic", str(files / "steady.csv"))
    code, out, err = run(command, str(files / "fleet"), *traffic, "--context", "here")
    assert (code, out) == (2, "")
    assert err == (
        f"fairlead {command}: --context here: it chooses the cluster of --from infd/NAME, or of --publish NAME of "
        "`fairlead simulate`, and neither is given; leave it out\n"
    )


@pytest.mark.parametrize("command", ["simulate", "advise", "tune"])
def test_a_namespace_is_checked_and_refused_where_no_cluster_is_read(
    run: Run, files: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """It was passed over: whoever meant `--from` was shown the play of a file."""
    traffic = ("--traffic", str(files / "steady.csv"))
    code, out, err = run(command, str(files / "fleet"), *traffic, "-n", "team")
    assert (code, out) == (2, "")
    assert err == (
        f"fairlead {command}: --namespace team: it names the namespace of --from infd/NAME, or of --publish NAME of "
        "`fairlead simulate`, and neither is given; leave it out\n"
    )
    with pytest.raises(SystemExit) as left:
        run(command, "--from", "infd/scaled", "-n", "a_b")
    assert left.value.code == 2
    assert "no namespace can have this name" in capsys.readouterr().err
