"""Labels and selectors: they find the objects that carry them, and no others."""

from fairlead.objects import labels
from fairlead.objects.labels import ChildRole


def test_an_engine_carries_all_labels_that_selectors_and_people_use() -> None:
    assert labels.engine("chat", "0a1b2c3d") == {
        "fairlead.dev/deployment": "chat",
        "fairlead.dev/role": "engine",
        "fairlead.dev/revision": "0a1b2c3d",
        "app.kubernetes.io/name": "fairlead",
        "app.kubernetes.io/instance": "chat",
        "app.kubernetes.io/component": "engine",
        "app.kubernetes.io/part-of": "fairlead",
        "app.kubernetes.io/managed-by": "fairlead",
    }


def test_each_selector_finds_its_own_and_no_other() -> None:
    one, two = labels.engine("chat", "1"), labels.engine("chat", "2")
    router, other = labels.child("chat", ChildRole.ROUTER), labels.engine("other", "1")
    everybody = (one, two, router, other)

    def found(selector: dict[str, str]) -> list[bool]:
        return [selector.items() <= carried.items() for carried in everybody]

    assert found(labels.engines("chat")) == [True, True, False, False]
    assert found(labels.engines_of("chat", "2")) == [False, True, False, False]
    assert found(labels.routers("chat")) == [False, False, True, False]
    assert found(labels.gateway_routers("chat")) == [False, False, False, False]


def test_the_name_of_an_evaluation_that_is_too_long_for_a_label_is_cut_and_made_distinct() -> None:
    """A name may have 253 characters, and the API server refuses a pod with such a label."""
    one, other = (labels.evaluation("e" * 100 + end)[labels.EVALUATION] for end in ("1", "2"))
    assert (len(one), len(other), one == other) == (63, 63, False)
    assert labels.evaluation("e" * 63)[labels.EVALUATION] == "e" * 63


def test_selectors_are_spelt_as_queries_spell_them() -> None:
    assert labels.as_text(labels.engines("chat")) == "fairlead.dev/deployment=chat,fairlead.dev/role=engine"
    key, _, value = labels.MANAGED_BY.partition("=")
    assert labels.child("chat", ChildRole.ENGINE)[key] == value
