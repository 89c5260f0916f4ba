"""The values of a request's body that routing, limits and accounting need, read without parsing the rest of it.

A body that is not a JSON object is refused here: the router cannot limit what it cannot read, and an engine's more
tolerant parser (UTF-16, NaN, lone surrogates) might accept it. An object of unexpected types is passed on for the
engine to validate; all of its bytes then count as prompt. Of a duplicate key the last one counts, as in engines.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw

from fairlead.router.wire import forms, json_values, output_format, prompts, request_bodies
from fairlead.router.wire.prompt_size import PromptSize
from fairlead.router.wire.prompts import TURN
from fairlead.router.wire.request_bodies import FileBody, RequestBody, TextsBody
from fairlead.router.wire.surfaces import Surface
from fairlead.router.wire.unreadable_body import BodyFault, UnreadableBody

TRUE_WORDS: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
"""Strings that pydantic, and so vLLM, reads as true."""
MOST: Final = 2**62
MEDIUM_BYTES: Final = 262_144
"""Bytes of a file that count as one image does: sixteen seconds of sound in the usual formats, which models that hear
turn into 200 to 800 tokens."""
MAX_SPELT: Final = 4
"""Bytes of a body for each of its text: escapes take up to three."""
BLANK: Final = b" \t\r\n\0\xff\xfe\xef\xbb\xbf"
"""White space and byte order marks in the encodings that Python's json detects."""
ABSENT: Final = frozenset({b"", b"null"})
NO_HEADERS: Final[Mapping[bytes, bytes]] = {}


class BodyFacts:
    """Values from one body; rarely needed ones are computed on access."""

    __slots__ = ("ids", "media", "model", "parsed", "prompt", "several", "size", "stream", "typed")

    def __init__(
        self, parsed: RequestBody, prompt: bytes, media: int = 0, given: object = None, *, typed: bool = True
    ) -> None:
        model = parsed.model
        self.model = model if type(model) is str else None
        """None if the body names none: engines then use their only one."""
        self.stream = parsed.stream is True or (parsed.stream is not UNSET and _flag(parsed.stream))
        self.parsed = parsed
        self.prompt = prompt
        """Canonical text: its blocks are compared, and its length is an estimate of its tokens."""
        self.several: Sequence[Any] = _several(given)
        """Its prompts, texts or lists of tokens, if it has a list of them."""
        self.ids = prompts.ids(given)
        """Tokens of all its prompts that the client sent as their numbers."""
        self.media = media
        """Images and other parts of the prompt that are not text: `prompt` has a digest of each."""
        self.typed = typed
        """Whether its types are the API's; otherwise `prompt` is the whole body."""
        self.size = PromptSize(_text_bytes(prompt, self.ids, len(self.several)), media, self.ids)
        """The size of all its prompts."""

    @property
    def max_tokens(self) -> int | None:
        """The limit of output tokens, by its API's name; None if it names none, or one that `uncountable` returns.

        Of two it is the larger, since engines differ in which of them they obey.
        """
        parsed = self.parsed
        if isinstance(parsed, request_bodies.ResponsesBody):
            return _count(parsed.max_output_tokens)
        most = _count(parsed.max_tokens)
        newer = getattr(parsed, "max_completion_tokens", UNSET)
        if newer is UNSET or newer is None:
            return most
        other = _count(newer)
        if parsed.max_tokens is UNSET or parsed.max_tokens is None:
            return other
        return None if most is None or other is None else max(most, other)

    @property
    def n(self) -> int:
        """Number of replies that it requests: at least 1, also if `uncountable` returns it. Each of several prompts
        has its own. APIs that give one reply ignore `n`."""
        named = [getattr(self.parsed, name) for name in REPLIES if name in COUNTED.get(type(self.parsed), ())]
        return max((_count(one) or 1 for one in named), default=1) * (len(self.several) or 1)

    @property
    def is_counted(self) -> bool:
        """Whether the client sent all of its prompts as tokens."""
        return self.ids > 0 and _weight(self.size) == self.ids * prompts.ID_BYTES and not self.media

    @property
    def longest(self) -> PromptSize | None:
        """The longest of several prompts, to which limits apply one by one; None if it is one prompt, nothing if it is
        documents, a form, audio or anything else whose prompts the router does not find."""
        if self.several:
            return max(map(prompts.size, self.several), key=_weight)
        return PromptSize() if isinstance(self.parsed, (TextsBody, FileBody)) else None

    @property
    def is_all_text(self) -> bool:
        """Whether `prompt` is all that engines count as its tokens, and is text."""
        parsed = self.parsed
        if self.media or self.ids or not self.typed or type(parsed) in UNREAD:
            return False
        return not isinstance(parsed, request_bodies.ResponsesBody) or parsed.previous_response_id in (UNSET, None)

    def measured_bytes(self, whole: int) -> int:
        """Return the bytes of its text if all tokens that engines count come from them, else 0.

        In a body of so many bytes that they cannot all be this text's, engines may find what is not read here.
        """
        text = self.size.text_bytes
        return text if whole <= MAX_SPELT * text and self.is_all_text else 0

    @property
    def uncountable(self) -> tuple[str, object] | None:
        """A number that multiplies or limits its output and that is negative, or in a form that engines may read
        otherwise than the router; by its name. None if there is none."""
        for name in COUNTED.get(type(self.parsed), ()):
            value = getattr(self.parsed, name)
            if value is not UNSET and value is not None and _count(value) is None:
                return name, value
        return None

    @property
    def temperature(self) -> float | None:
        """The temperature, if it is a number."""
        value = self.parsed.temperature
        return float(value) if isinstance(value, (int, float)) and abs(value) < MOST else None

    @property
    def seed(self) -> int | None:
        """The seed, if it is an integer."""
        return _whole(self.parsed.seed)

    @property
    def session(self) -> bytes | None:
        """The client's own name for the session: OpenAI's `prompt_cache_key`, or Anthropic's `metadata.user_id`."""
        parsed = self.parsed
        if isinstance(parsed.prompt_cache_key, str):
            return parsed.prompt_cache_key.encode(errors="replace") or None
        if not isinstance(parsed, request_bodies.MessagesBody) or not parsed.metadata:
            return None
        try:
            return MADE_BY.decode(parsed.metadata).user_id.encode(errors="replace") or None
        except (ValueError, RecursionError):
            return None

    @property
    def structured(self) -> bool:
        """Whether the reply must follow a grammar or a schema."""
        parsed = self.parsed
        if isinstance(parsed, request_bodies.ResponsesBody):
            return output_format.of_text(parsed.text) in output_format.JSON
        if isinstance(parsed, (request_bodies.ChatBody, request_bodies.CompletionsBody)):
            wanted = bytes(parsed.response_format)
            return bytes(parsed.structured_outputs) not in ABSENT or (
                wanted not in ABSENT and output_format.of(wanted) != output_format.TEXT
            )
        return False

    @property
    def include_usage(self) -> bool:
        """Whether the client requests usage at the end of the stream."""
        options = self.parsed.stream_options
        return isinstance(options, dict) and _flag(options.get("include_usage"))


def read(surface: Surface, body: bytes, headers: Mapping[bytes, bytes] = NO_HEADERS) -> BodyFacts | UnreadableBody:
    """Read a body; the headers say whether it is a form. Never raises, whatever the bytes."""
    if (fault := json_values.fault(body)) is not None:
        return fault
    decode, gather, lists = READERS[surface]
    try:
        parsed = decode(body)
        if gather is None:
            return BodyFacts(parsed, body)
        pieces: list[bytes] = []
        media = gather(parsed, pieces)
        return BodyFacts(parsed, TURN.join(pieces), media, None if lists is None else lists(parsed))
    except msgspec.ValidationError:
        return _untyped(surface, body, headers)
    except (ValueError, RecursionError) as problem:
        return _unparsed(surface, body, headers, problem)


def _untyped(surface: Surface, body: bytes, headers: Mapping[bytes, bytes]) -> BodyFacts | UnreadableBody:
    """Read a body whose types are not the API's; members that limit it are still read."""
    try:
        members = MEMBERS.decode(body)
        parsed = KINDS[surface]()
        for name, default in zip(parsed.__struct_fields__, parsed.__struct_defaults__, strict=True):
            raw = members.get(name)
            if raw is not None and default is UNSET:
                setattr(parsed, name, msgspec.json.decode(raw))
            elif raw is not None and isinstance(default, Raw):
                setattr(parsed, name, raw)
    except (ValueError, RecursionError) as problem:
        return _unparsed(surface, body, headers, problem)
    return BodyFacts(parsed, body, typed=False)


def _unparsed(
    surface: Surface, body: bytes, headers: Mapping[bytes, bytes], problem: Exception
) -> BodyFacts | UnreadableBody:
    """Return the result for a body that cannot be parsed.

    On other paths a body may be anything, such as a form or audio, except what another parser might read as an object.
    """
    if surface is Surface.OTHER and body.lstrip(BLANK)[:1] != b"{":
        form = forms.read(headers.get(b"content-type", b""), body)
        if isinstance(form, str):
            return UnreadableBody(form, BodyFault.FORM)
        return BodyFacts(form, b"", 1 + len(body) // MEDIUM_BYTES, typed=False)
    return UnreadableBody(f"the body is not a JSON object: {problem}")


def _several(given: object) -> Sequence[Any]:
    """Return the prompts of a list of them; none for a text, or for one prompt's tokens."""
    return given if isinstance(given, list) and given and not prompts.begins_with_id(given) else ()


def _text_bytes(prompt: bytes, ids: int, several: int) -> int:
    """Return the bytes of a canonical text that are not of token ids, nor between prompts of these."""
    return max(0, len(prompt) - ids * prompts.ID_BYTES - max(0, several - 1) * len(TURN)) if ids else len(prompt)


def _weight(size: PromptSize) -> int:
    return size.text_bytes + size.ids * prompts.ID_BYTES


def _flag(value: object) -> bool:
    if isinstance(value, str):
        return value.lower() in TRUE_WORDS
    return isinstance(value, (int, float)) and value == 1


def _count(value: object) -> int | None:
    """Parse an integer that is not negative. Engines refuse 0 themselves, except where it has a meaning."""
    if type(value) is int:
        return value if 0 <= value < MOST else None
    number = _whole(value)
    return None if number is None or number < 0 else number


def _whole(value: object) -> int | None:
    """Parse an integer as engines read it: also 64.0 and "64"."""
    if type(value) is int:
        return value if -MOST < value < MOST else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < MOST else None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 19:
        return int(value)
    return None


MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
MADE_BY: Final = msgspec.json.Decoder(request_bodies.MessagesMetadata)
KINDS: Final[dict[Surface, type[RequestBody]]] = {
    Surface.CHAT: request_bodies.ChatBody,
    Surface.COMPLETIONS: request_bodies.CompletionsBody,
    Surface.RESPONSES: request_bodies.ResponsesBody,
    Surface.MESSAGES: request_bodies.MessagesBody,
    Surface.EMBEDDINGS: request_bodies.EmbeddingsBody,
    Surface.TOKENIZE: request_bodies.TokenizeBody,
    Surface.TEXTS: TextsBody,
    Surface.OTHER: RequestBody,
}
UNREAD: Final = frozenset({RequestBody, TextsBody})
"""Bodies of which the router knows no prompt: all of their bytes count as one."""
COUNTED: Final[dict[type[RequestBody], tuple[str, ...]]] = {
    request_bodies.ChatBody: ("max_tokens", "max_completion_tokens", "n"),
    request_bodies.CompletionsBody: ("max_tokens", "n", "best_of"),
    request_bodies.ResponsesBody: ("max_output_tokens",),
    request_bodies.MessagesBody: ("max_tokens",),
}
"""The numbers that limits, rates and budgets are computed from. Other APIs may give these names another meaning."""
REPLIES: Final = ("n", "best_of")
"""Numbers of replies that a model writes, whether or not the client gets all of them."""
Gather = Callable[[Any, list[bytes]], int]
GATHERERS: Final[dict[Surface, Gather]] = {
    Surface.CHAT: prompts.of_chat,
    Surface.COMPLETIONS: prompts.of_completions,
    Surface.RESPONSES: prompts.of_responses,
    Surface.MESSAGES: prompts.of_messages,
    Surface.EMBEDDINGS: prompts.of_embeddings,
    Surface.TOKENIZE: prompts.of_tokenize,
}
LISTS: Final[dict[Surface, Callable[[Any], object]]] = {
    Surface.COMPLETIONS: attrgetter("prompt"),
    Surface.EMBEDDINGS: attrgetter("input"),
}
"""What may be a list of prompts."""
READERS: Final[dict[Surface, tuple[Callable[[bytes], Any], Gather | None, Callable[[Any], object] | None]]] = {
    surface: (msgspec.json.Decoder(kind).decode, GATHERERS.get(surface), LISTS.get(surface))
    for surface, kind in KINDS.items()
}
