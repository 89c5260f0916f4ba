"""A kind is named as kubectl accepts it: by its short name, its plural, its own name or its CRD's name."""

import pytest

from fairlead.api.kinds import ADAPTER, DEPLOYMENT


@pytest.mark.parametrize("word", ["adp", "adapters", "Adapter", "ADAPTER", "adapters.fairlead.dev"])
def test_each_of_its_names_is_taken(word: str) -> None:
    assert ADAPTER.is_called(word)
    assert not DEPLOYMENT.is_called(word)


@pytest.mark.parametrize("word", ["", "adap", "pods", "infd"])
def test_other_names_are_not_accepted(word: str) -> None:
    assert not ADAPTER.is_called(word)
