"""Mounted adapters whose names are paths: a folder in another one's, which is read-only, cannot be made."""

from typing import Any

import pytest

from fairlead.review import admission
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, engine

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
CLAIM, IMAGE, HUB = "pvc://adapters/sql", "oci://registry.example.com/sql:2", "hf://example/sql"


def refused(*adapters: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Field, value and reason of each refusal of a deployment with adapters of these names and sources."""
    written: list[dict[str, Any]] = [{"name": name, "source": source} for name, source in adapters]
    found = admission.review(engine(adapters=written), OFFLINE)
    return [(one.field, one.value, one.reason) for one in found.refusals]


@pytest.mark.parametrize("inner", [CLAIM, IMAGE])
def test_an_adapter_whose_name_begins_with_that_of_another_and_a_slash_is_refused(inner: str) -> None:
    reason = AdmissionReason.FOLDER_TAKEN
    assert refused(("sql", CLAIM), ("sql/v2", inner)) == [("spec.engine.adapters[1].name", "sql/v2", reason)]
    assert refused(("sql/v2/a", inner), ("sql", IMAGE)) == [("spec.engine.adapters[0].name", "sql/v2/a", reason)]
    assert refused(("sql/", CLAIM), ("sql//v2", inner)) == [("spec.engine.adapters[1].name", "sql//v2", reason)]


def test_names_side_by_side_and_adapters_that_engines_fetch_themselves_are_accepted() -> None:
    assert refused(("sql", CLAIM), ("sql-v2", CLAIM), ("other/v2", CLAIM), ("other/v3", IMAGE)) == []
    assert refused(("sql", HUB), ("sql/v2", CLAIM)) == []
    assert refused(("sql", CLAIM), ("sql/v2", HUB)) == []
