"""Names that the checks accept; the check itself judges the real tree."""

from pathlib import Path

import pytest

from house import names, words

VOCABULARY = words.read(
    "| word | meaning | not |\n|---|---|---|\n| noun | a name | `telling`, `books`, `asked`, `hands` |\n"
)
LAYERS = (("router", "autoscaler"), ("fleet",))


@pytest.mark.parametrize("stem", ["telling", "engine_books", "asked", "hands"])
def test_a_module_that_is_no_noun_is_named(stem: str) -> None:
    (violation,) = names.vague([Path(f"operator/fairlead/router/{stem}.py")], VOCABULARY)
    assert violation.startswith(f"operator/fairlead/router/{stem}.py:1: module {stem}: a module is called by a noun")


@pytest.mark.parametrize("stem", ["informers", "sharding", "pod_samples"])
def test_a_noun_of_the_field_is_not(stem: str) -> None:
    assert list(names.vague([Path(f"operator/fairlead/router/{stem}.py")], VOCABULARY)) == []


def test_a_class_name_occurs_once_in_a_layer_and_may_occur_in_another() -> None:
    first, second, below = (names.PACKAGE / room / "pods.py" for room in ("router", "autoscaler", "fleet"))
    assert list(names.shared({first: [("Pod", 3)], below: [("Pod", 4)]}, LAYERS)) == []
    (violation,) = names.shared({first: [("Pod", 3)], second: [("Pod", 5)]}, LAYERS)
    assert violation.startswith(f"{second}:5: class Pod is also in {first}:3: give one of them the name")
