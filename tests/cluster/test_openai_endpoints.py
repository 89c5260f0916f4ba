"""A list of models, as servers write it."""

import pytest

from fairlead.cluster import openai_endpoints


@pytest.mark.parametrize(
    "page", [b"[]", b"{}", b'{"data": null}', b'{"data": 7}', b'{"data": ["chat", {"object": "model"}]}']
)
def test_a_page_that_is_no_list_of_models_names_none(page: bytes) -> None:
    assert openai_endpoints.model_names(page) == ()


def test_models_are_named_in_the_order_of_their_list() -> None:
    assert openai_endpoints.model_names(b'{"data": [{"id": "b"}, {"id": 7}, {"object": "model"}]}') == ("b", "7")


def test_a_page_that_is_no_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        openai_endpoints.model_names(b"<html>")
    with pytest.raises(ValueError, match="nests too deeply"):
        openai_endpoints.model_names(b"[" * 200_000)
