"""`fairlead validate` of a file with two objects of one kind and name: the second would replace the first."""

from pathlib import Path

import yaml

from tests.cli.conftest import Run
from tests.review.table import Object, deployment, policy


def written(folder: Path, *some: Object, name: str = "all.yaml") -> str:
    """A file with these objects."""
    file = folder / name
    file.write_text(yaml.safe_dump_all(some), encoding="utf-8")
    return str(file)


def named(name: str, namespace: str | None = None) -> Object:
    """A deployment with this name."""
    found = deployment(replicas=2)
    place = {} if namespace is None else {"namespace": namespace}
    return found | {"metadata": {"name": name} | place}


def test_the_second_of_one_name_is_refused_and_the_message_has_both_documents(run: Run, tmp_path: Path) -> None:
    """A copied document whose name was not changed was admitted, and one of the two models never served."""
    code, out, _ = run("validate", written(tmp_path, named("chat"), named("code"), named("chat")))
    assert code == 1
    assert [line[0] for line in out.splitlines() if "InferenceDeployment" in line] == ["✓", "✓", "✗"]
    assert "all.yaml (document 3): InferenceDeployment chat" in out
    assert "refused  metadata.name: chat" in out
    assert "all.yaml (document 1) has this kind and name too; once applied, this one would replace it" in out


def test_a_list_is_read_item_by_item(run: Run, tmp_path: Path) -> None:
    both = {"apiVersion": "v1", "kind": "List", "items": [named("chat"), named("chat")]}
    code, out, _ = run("validate", written(tmp_path, both))
    assert code == 1
    assert "all.yaml, item 1 has this kind and name too" in out


def test_other_kinds_namespaces_and_files_may_have_the_same_name(run: Run, tmp_path: Path) -> None:
    """Files of two clusters have the same names, and are often validated together."""
    here = written(
        tmp_path, named("chat", "a"), named("chat", "b"), named("chat"), policy() | {"metadata": {"name": "chat"}}
    )
    there = written(tmp_path, named("chat", "a"), name="other.yaml")
    assert run("validate", here, there)[0] == 0


def test_what_has_no_name_or_cannot_be_read_repeats_nothing(run: Run, tmp_path: Path) -> None:
    generated = named("chat") | {"metadata": {"generateName": "chat-"}}
    assert run("validate", written(tmp_path, generated, generated))[0] == 0
    broken: Object = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Nonsense", "metadata": "chat"}
    code, out, _ = run("validate", written(tmp_path, broken, broken))
    assert (code, "too; once applied" in out) == (1, False)
