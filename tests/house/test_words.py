"""Words that the check accepts, with a small glossary; the check itself judges the real tree."""

from pathlib import Path

import pytest

from house import words

GLOSSARY = """\
# Glossary

| word | what it means here | not |
|---|---|---|
| dispatcher | what hands requests to endpoints | desk |
| fallback | what a rollout returns to | way back |
| the noun of its type | what a value is called | `told`, `asked`, `tell` |
| lane | requests that queue together | |

| word | right for | wrong for |
|---|---|---|
| file | a file | a lane |
"""
VOCABULARY = words.read(GLOSSARY)
PRODUCT = Path("operator/fairlead/fleet/pods.py")
PAGE = Path("docs/router.md")


def in_code(text: str, path: Path = PRODUCT) -> list[str]:
    return list(words.in_code(path, text, VOCABULARY))


def test_the_not_columns_are_read_and_no_other() -> None:
    assert {one.text: (one.instead, one.everywhere) for one in VOCABULARY.terms.values()} == {
        "desk": ("dispatcher", True),
        "way back": ("fallback", True),
        "told": ("the noun of its type", False),
        "asked": ("the noun of its type", False),
        "tell": ("the noun of its type", False),
    }


@pytest.mark.parametrize("name", ["told", "_told_once", "WAS_TOLD", "ToldTwice", "isTold"])
def test_an_identifier_with_such_a_part_is_named_with_its_line_and_what_to_write(name: str) -> None:
    assert in_code(f"ONE = 1\n{name} = 2\n") == [
        f"{PRODUCT}:2: {name}: docs/glossary.md has for it: the noun of its type"
    ]


@pytest.mark.parametrize("name", ["untold", "retold", "asking_price", "toldest", "desktop"])
def test_a_part_is_a_whole_word(name: str) -> None:
    assert in_code(f"{name} = 1\n") == []


def test_a_sentence_in_code_may_say_what_no_name_may() -> None:
    assert in_code('"""What engines are told."""\n\n# nobody asked\nNOTE = "told twice"\n') == []


def test_a_name_of_a_test_is_a_sentence_with_few_words_to_avoid() -> None:
    path = Path("tests/fleet/test_pods.py")
    assert in_code("def test_each_is_asked_once() -> None:\n    pass\n", path) == []
    assert in_code("def test_each_is_told_once() -> None:\n    pass\n", path) == [
        f"{path}:1: test_each_is_told_once: house/words.py has for it: reported, returned, receives"
    ]


@pytest.mark.parametrize("text", ['WHY = "the desk is full"\n', "# the desk is full\n", '"""The Desk."""\n'])
def test_a_word_to_avoid_everywhere_is_found_in_messages_and_comments_too(text: str) -> None:
    (line,) = in_code(text)
    assert line.casefold() == f"{PRODUCT}:1: desk: docs/glossary.md has for it: dispatcher"


@pytest.mark.parametrize(
    "text", ["way_back = 1\n", "# its way\n# back\nWAY_BACK = 1\n", '"""On its way\n    back."""\n']
)
def test_a_phrase_to_avoid_is_found_in_names_and_across_line_ends(text: str) -> None:
    (line,) = {one.partition(": docs")[2] for one in in_code(text)}
    assert line == "/glossary.md has for it: fallback"


def test_a_document_may_use_a_word_that_only_identifiers_must_avoid() -> None:
    assert list(words.in_document(PAGE, "Nobody was told.\nAsk the desk.\n", VOCABULARY)) == [
        f"{PAGE}:2: desk: docs/glossary.md has for it: dispatcher"
    ]


def test_a_method_that_python_defines_may_be_called() -> None:
    assert in_code("place = file.tell()\n") == []


@pytest.mark.parametrize("text", ["tell = 1\n", "file.tell = 1\n", "tell()\n", "class Load:\n    tell: float\n"])
def test_but_nothing_else_has_its_name(text: str) -> None:
    assert [one.split(": ")[1] for one in in_code(text)] == ["tell"]


def test_names_that_others_fixed_may_stand() -> None:
    vocabulary = words.read("| word | meaning | not |\n|---|---|---|\n| noun | a name | `known` |\n")
    text = "one = parser.parse_known_args()\nknown = 2\n"
    assert list(words.in_code(PRODUCT, text, vocabulary)) == [f"{PRODUCT}:2: known: docs/glossary.md has for it: noun"]
