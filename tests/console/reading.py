"""A page as a browser reads it: its text, elements and fetches; an element that is not closed is an error."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from fairlead.console.elements import VOID


@dataclass
class ReadPage:
    """What is in a page."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    """Element, attribute, value."""
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        """The values of an attribute on any element."""
        return [value for _, name, value in self.attributes if name == attribute]


class _Reader(HTMLParser):
    def __init__(self, page: ReadPage) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.append(tag)
        self.page.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> ends nothing"

    def handle_data(self, data: str) -> None:
        self.page.words.append(data)


def read(text: str) -> ReadPage:
    """Parse a page."""
    page = ReadPage()
    reader = _Reader(page)
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return page
