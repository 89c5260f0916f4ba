"""The model of a form is found as engines' servers find it, in forms of every client, or the form is refused."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
import requests
from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from fairlead.router import refusals
from fairlead.router.wire import body_facts, forms, splices
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.request_bodies import FileBody
from fairlead.router.wire.surfaces import Surface
from fairlead.router.wire.unreadable_body import BodyFault, UnreadableBody

SOUND = b"RIFF\r\n--b\r\n\r\n--"
PLAIN = 'Content-Disposition: form-data; name="model"'
TWO_WAYS = [
    f"Content-Disposition: {words}"
    for words in (
        "form-data; name*=utf-8''mode%6c",
        'form-data; name*0="mo"; name*1="del"',
        "form-data; name*0=x; name*1=y; name=model",
        "form-data; name*0=mo; name*=del",
        "form-data; name=language; name=model",
        'form-data; name=language; NAME="model"',
        "form-data; name = model",
        "form-data; name=<model>",
        "form-data; name=model\x85",
        'form-data; name="model"x',
        'form-data; filename="a\\\\"; name="language"; x="; name=model',
        'form-data; filename="a; name=model',
        "form-data, name=model",
        "attachment; name=model",
        "form-data; name=model; x=" + "x" * 4096,
    )
]
"""Heads of parts whose name is another one in another release of the server's parser."""
FIELDS = {"model": "größe/1", "language": "en"}


def by_requests() -> tuple[str, bytes]:
    whole = requests.Request("POST", "http://a", data=FIELDS, files={"file": ("größe.wav", SOUND)}).prepare()
    assert isinstance(whole.body, bytes)
    return str(whole.headers["Content-Type"]), whole.body


def by_aiohttp() -> tuple[str, bytes]:
    form = aiohttp.FormData(FIELDS, quote_fields=False)
    form.add_field("file", SOUND, filename="größe.wav", content_type="audio/wav")
    payload = form()

    async def written() -> bytes:
        return await payload.as_bytes()

    return payload.headers["Content-Type"], asyncio.run(written())


def part(value: str = "m", head: str = PLAIN, boundary: str = "b") -> bytes:
    return f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n".encode()


def read(body: bytes, content_type: str = "multipart/form-data; boundary=b") -> BodyFacts | UnreadableBody:
    return body_facts.read(Surface.OTHER, body, {b"content-type": content_type.encode()})


@pytest.mark.parametrize("client", [by_requests, by_aiohttp])
def test_the_model_is_found_and_replaced_in_the_forms_of_clients(client: Callable[[], tuple[str, bytes]]) -> None:
    content_type, body = client()
    facts = read(body, content_type)
    assert isinstance(facts, BodyFacts)
    assert (facts.model, facts.typed, facts.media) == ("größe/1", False, 1)
    renamed = splices.with_model(body, facts, b'"base"')
    assert renamed == body.replace("größe/1".encode(), b"base")
    again = read(renamed, content_type)
    assert isinstance(again, BodyFacts)
    assert again.model == "base"


@pytest.mark.parametrize(
    ("head", "model"),
    [
        ("content-disposition:form-data;name=model", "m"),
        ("Content-Type: text/plain\r\nContent-Disposition:  Form-Data ; NAME=model ;", "m"),
        ('Content-Disposition: form-data; name="model"; filename="C:\\a \\"b\\"; x.wav"', "m"),
        ("Content-Disposition: form-data; name=model; filename=gr.wav; filename*=utf-8''gr%C3%B6%C3%9Fe.wav", "m"),
        ('Content-Disposition: form-data; name="mod\\el"', None),
        ('Content-Disposition: form-data; name="file"; filename="model"', None),
        ('Content-Disposition: form-data; name="Model"', None),
    ],
)
def test_a_field_is_the_model_in_every_spelling_that_servers_know(head: str, model: str | None) -> None:
    facts = read(
        b"\r\n" + part("de", 'Content-Disposition: form-data; name="language"') + part("m", head) + b"--b--\r\n"
    )
    assert isinstance(facts, BodyFacts)
    assert facts.model == model


def test_a_form_without_a_model_and_a_file_name_none() -> None:
    other = part(head='Content-Disposition: form-data; name="x"') + b"--b--"
    for body in (other, part("") + b"--b--"):
        facts = read(body)
        assert isinstance(facts, BodyFacts)
        assert facts.model is None
    assert forms.with_model(other, FileBody(), b"base") == other
    sound = read(b"RIFF", "audio/wav")
    assert isinstance(sound, BodyFacts)
    assert sound.model is None


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (part() + part("n") + b"--b--", "", "has two models"),
        (part() + b"--b--\r\n" + part("n"), "", "goes on after its end"),
        (part() + b"--b \r\n" + part("n")[5:] + b"--b--", "", "has more than its boundary in a line with it"),
        (part(), "", "has a part without an end, or without one name"),
        (part(head="Content-Type: text/plain") + b"--b--", "", "has a part without an end, or without one name"),
        (part(head=f"{PLAIN}\r\n{PLAIN}") + b"--b--", "", "has a part without an end, or without one name"),
        (part(head=f"x\r\n{PLAIN}") + b"--b--", "", "has a part without an end, or without one name"),
        *((part(head=head) + b"--b--", "", "has a part without an end, or without one name") for head in TWO_WAYS),
        (b"--b\r\n" + PLAIN.encode() + b"\r\n\r\n--b--", "", "has a part without an end, or without one name"),
        (b"before\r\n" + part() + b"--b--", "", "does not begin with its boundary"),
        (part() + b"--b--", "multipart/form-data; boundary=c", "does not begin with its boundary"),
        (part() + b"--b--", "Multipart/Form-Data", "does not begin with its boundary"),
        *(
            (
                part() + b"--b--",
                f"multipart/form-data; boundary={words}",
                "has a Content-Type that parsers read in several ways",
            )
            for words in ("b; boundary=c", "b; boundary*=utf-8''c", "b, text/plain", "<b>", '"b', "b\\c", "b; =c")
        ),
        (part() + b"--b--", "multipart/form-data; boundary=b; charset=punycode", "is in another encoding than UTF-8"),
        (part(head='Content-Disposition: form-data; name="x"') * 101 + b"--b--", "", "has over 100 parts"),
    ],
)
def test_a_form_that_another_parser_might_read_differently_is_refused(body: bytes, content_type: str, why: str) -> None:
    facts = read(body, content_type or "multipart/form-data; boundary=b")
    assert facts == UnreadableBody(f"the form {why}", BodyFault.FORM)
    problem = refusals.unreadable(facts)
    assert (problem.status, problem.code) == (400, "invalid_request")
    assert problem.message.endswith(f"the form {why}; send multipart/form-data in UTF-8, with one field model")


def test_a_model_longer_than_any_name_is_cut_so_that_no_model_has_it() -> None:
    facts = read(part("m" * 5000) + b"--b--")
    assert isinstance(facts, BodyFacts)
    assert facts.model == "m" * 1024


@given(lists(sampled_from([*'; =*"\\<>\t', "name", "filename", "model", "*0", "*", "form-data", "utf-8''", "\xff"])))
def test_no_head_of_a_part_breaks_the_reading(pieces: list[str]) -> None:
    words = "".join(pieces)
    for head in (f"Content-Disposition: {words}", f"Content-Disposition: form-data; name=x{words}"):
        assert isinstance(read(part(head=head) + b"--b--"), (BodyFacts, UnreadableBody))
    assert isinstance(forms.read(f"multipart/form-data{words}".encode("latin-1"), part() + b"--b--"), (FileBody, str))
