"""`python -m house.words`: no word of the "not" columns of docs/glossary.md, in code, messages or documents.

A term set as code in that column may not be part of an identifier, but is allowed in a sentence. Any other term may not
occur anywhere: in identifiers, comments, messages, documents, the schema or the chart. A test's name is a sentence too,
so of names that begin with `test_` only a few words are refused.
"""

import functools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house import tree

GLOSSARY: Final = Path("docs/glossary.md")
HELD: Final = (
    *("operator", "house", "prove", "demo", "devcluster", "bench", "campaign"),
    *("fitting", "fuzz", "monitoring", "release", "tests"),
)
"""Folders whose Python files are checked against the glossary."""
READ: Final = ("docs", "crds", "charts", "README.md", "CONTRIBUTING.md")
"""What else users and contributors read; here only the terms that are forbidden everywhere count."""
DOCUMENTS: Final = frozenset({".md", ".yaml", ".yml", ".json", ".tpl", ".txt"})
OTHERS: Final = {
    "parse_known_args": "argparse calls it so",
    "VERSION_NOT_KNOWN": "the reason VersionNotKnown, by which people may filter",
}
"""Identifiers that are allowed everywhere, each with the reason."""
METHODS: Final = {"tell": "of Python's files"}
"""Methods that Python defines: such a name is allowed where it is called, and nowhere else."""
IN_NO_TEST: Final = {
    **dict.fromkeys(("told", "untold", "tell", "tells"), "reported, returned, receives"),
    **dict.fromkeys(("nobody", "nobodys", "somebody", "whoever", "whom"), "who it is: client, replica, router"),
    **dict.fromkeys(("learnt", "mended", "mends", "reckoned", "tale"), "learned, repaired, computed, scenario"),
}
"""Words that a test's name does not have, each with what to write."""
EXEMPT: Final = {
    GLOSSARY: "lists the words",
    Path("tests/house/test_words.py"): "stories of this check",
    Path("operator/fairlead/emulator/text/lexicon.py"): "the English words that the emulator writes",
    Path("operator/fairlead/engines/sglang/parser_flags.py"): "flags by SGLang's names",
    Path("operator/fairlead/engines/tensorrt_llm/parser_flags.py"): "flags by TensorRT-LLM's names",
}
"""Files about words, or with words of others."""
_PART: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_LITERALS: Final = re.compile(r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*')


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of a "not" column."""

    text: str
    instead: str
    everywhere: bool
    """Forbidden in sentences too, not only in identifiers."""


class Vocabulary:
    """All terms, prepared for search."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        """Take the terms by their texts."""
        self.terms = terms
        self._phrases = [one for one in terms.values() if " " in one.text]
        self._spoken = [one for one in terms.values() if one.everywhere]
        self.in_name = functools.cache(self._in_name)

    def _in_name(self, name: str) -> Term | None:
        """The first term that is a part of this identifier."""
        words = [word.lower() for word in _PART.findall(name)]
        if name.startswith("test_"):
            return next((Term(one, IN_NO_TEST[one], everywhere=False) for one in words if one in IN_NO_TEST), None)
        if name in OTHERS:
            return None
        single = (self.terms[word] for word in words if word in self.terms)
        spaced = f" {' '.join(words)} "
        return next(single, None) or next((one for one in self._phrases if f" {one.text} " in spaced), None)

    def in_sentences(self, text: str) -> Iterator[Term]:
        """Yield terms that are forbidden everywhere and may occur in this text."""
        plain = " ".join(text.lower().replace("_", " ").split())
        yield from (one for one in self._spoken if one.text in plain)


def main() -> int:
    """Search the tree; return 0 with one line of figures, 1 with one line for each violation."""
    vocabulary = read((tree.ROOT / GLOSSARY).read_text(encoding="utf-8"))
    files = [path for path in tree.files(tree.ROOT) if path not in EXEMPT]
    code = [path for path in files if path.suffix == ".py" and path.parts[0] in HELD]
    documents = [path for path in files if path.suffix in DOCUMENTS and path.parts[0] in READ]
    wrong = [line for path in code for line in in_code(path, _text(path), vocabulary)]
    wrong += [line for path in documents for line in in_document(path, _text(path), vocabulary)]
    counted = f"words: {len(vocabulary.terms)} not used in {len(code)} modules of {', '.join(HELD)}"
    print("\n".join(wrong) if wrong else f"{counted} and {len(documents)} documents")
    return 1 if wrong else 0


def read(glossary: str) -> Vocabulary:
    """Read the terms of all "not" columns, with the word to use instead."""
    terms: dict[str, Term] = {}
    column = False
    for line in glossary.splitlines():
        cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        if not line.startswith("|"):
            column = False
        elif cells[-1] == "not":
            column = True
        elif column and not cells[0].startswith("--"):
            for text in filter(None, (one.strip() for one in cells[-1].split(","))):
                plain = text.strip("`").lower()
                terms.setdefault(plain, Term(plain, cells[0], everywhere="`" not in text))
    return Vocabulary(terms)


def in_code(path: Path, text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield identifiers with a forbidden part, and terms that are forbidden everywhere."""
    for name in sorted(set(_NAME.findall(_LITERALS.sub(" ", text)))):
        if term := vocabulary.in_name(name):
            code = _LITERALS.sub(_blank, text)
            for found in re.finditer(rf"\b{name}\b", code):
                if not (name in METHODS and _is_call(code, found)):
                    yield _violation(path, text, found, term)
    yield from in_document(path, text, vocabulary)


def in_document(path: Path, text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield terms that are forbidden everywhere; one may span the end of a line."""
    for term in vocabulary.in_sentences(text):
        spaced = r"[\s_]+".join(re.escape(word) for word in term.text.split())
        for found in re.finditer(rf"(?<![A-Za-z]){spaced}(?![A-Za-z])", text, re.IGNORECASE):
            yield _violation(path, text, found, term)


def _blank(literal: re.Match[str]) -> str:
    """Replace it by spaces, so that what follows keeps its line and column."""
    return re.sub(r"[^\n]", " ", literal.group())


def _is_call(code: str, found: re.Match[str]) -> bool:
    return code[: found.start()].endswith(".") and code[found.end() :].startswith("(")


def _violation(path: Path, text: str, found: re.Match[str], term: Term) -> str:
    words, line = " ".join(found.group().split()), text.count("\n", 0, found.start()) + 1
    source = "house/words.py" if words.startswith("test_") else "docs/glossary.md"
    return f"{path}:{line}: {words}: {source} has for it: {term.instead}"


def _text(path: Path) -> str:
    return (tree.ROOT / path).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
