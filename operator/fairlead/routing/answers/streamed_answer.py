"""Collects an answer from the events of a stream, within bounds."""

from typing import Final

from fairlead.routing.answers.answer import Answer, AnswerChoice, ToolCall
from fairlead.routing.answers.reply_reader import answer_of, mean
from fairlead.routing.answers.reply_shapes import EVENT, Choice, ReplyMessage, ReplyPart, StreamedEvent

MAX_EVENT_BYTES: Final = 2**24
"""Limit of all events together; an event per token has some two hundred bytes."""
MAX_PARTS: Final = 256
"""Choices and tool calls of one stream."""
ENDS: Final = frozenset({"response.completed", "response.incomplete"})
"""Events of the responses API that hold the whole reply."""


class StreamedAnswer:
    """Joins the pieces of one stream."""

    __slots__ = ("_bytes", "_calls", "_choices", "_cut", "_probabilities", "_refusals", "_unreadable", "_whole")

    def __init__(self) -> None:
        self._choices: dict[int, list[str]] = {}
        self._refusals: dict[int, list[str]] = {}
        self._calls: dict[int, dict[int, tuple[str, list[str]]]] = {}
        """By choice and place: name, and pieces of the arguments."""
        self._probabilities: dict[int, list[float]] = {}
        self._cut: set[int] = set()
        self._whole: Answer | None = None
        self._bytes = 0
        self._unreadable = False

    def add(self, data: bytes) -> None:
        """Add the data of one event; `[DONE]` and events without a piece of the answer add nothing."""
        if self._unreadable or data[:1] != b"{":
            return
        self._bytes += len(data)
        try:
            event = EVENT.decode(data)
        except (ValueError, RecursionError):
            self._unreadable = True
            return
        self._add_event(event)
        parts = len(self._choices) + sum(len(calls) for calls in self._calls.values())
        if parts > MAX_PARTS or self._bytes > MAX_EVENT_BYTES:
            self._unreadable = True

    def answer(self) -> Answer | None:
        """Return the answer so far; None if the stream is of no known API, or too large."""
        if self._whole is not None:
            return self._whole
        if self._unreadable or not self._choices:
            return None
        return tuple(self._choice(index) for index in sorted(self._choices))

    def _add_event(self, event: StreamedEvent) -> None:
        if event.choices is not None:
            for choice in event.choices:
                self._add_choice(choice)
        elif event.type in ENDS and event.response is not None:
            self._whole = answer_of(event.response)
        elif event.type == "content_block_start" and event.content_block is not None:
            self._start_block(event.index, event.content_block)
        elif event.type in ("content_block_delta", "message_delta"):
            self._add_delta(event)

    def _add_choice(self, choice: Choice) -> None:
        pieces = self._choices.setdefault(choice.index, [])
        delta = choice.delta or ReplyMessage(content=choice.text)
        if isinstance(delta.content, str):
            pieces.append(delta.content)
        if delta.refusal:
            self._refusals.setdefault(choice.index, []).append(delta.refusal)
        for call in delta.tool_calls or ():
            if call.function is not None:
                self._add_call(choice.index, call.index, call.function.name or "", call.function.arguments or "")
        if choice.logprobs is not None:
            self._probabilities.setdefault(choice.index, []).extend(choice.logprobs.each())
        if choice.finish_reason == "length":
            self._cut.add(choice.index)

    def _add_call(self, choice: int, place: int, name: str, arguments: str) -> None:
        """Add a piece of a call; TensorRT-LLM repeats the name of a tool that the client named in each of them."""
        calls = self._calls.setdefault(choice, {})
        before, pieces = calls.get(place, ("", []))
        pieces.append(arguments)
        calls[place] = (before if name == before else before + name, pieces)

    def _start_block(self, place: int, block: ReplyPart) -> None:
        self._choices.setdefault(0, []).append(block.text or "")
        if block.type == "tool_use":
            self._add_call(0, place, block.name or "", "")

    def _add_delta(self, event: StreamedEvent) -> None:
        delta = event.delta
        if delta is None or isinstance(delta, str):
            return
        if delta.text:
            self._choices.setdefault(0, []).append(delta.text)
        if delta.partial_json:
            self._add_call(0, event.index, "", delta.partial_json)
        if delta.stop_reason == "max_tokens":
            self._cut.add(0)

    def _choice(self, index: int) -> AnswerChoice:
        calls = self._calls.get(index, {})
        return AnswerChoice(
            text="".join(self._choices[index]),
            calls=tuple(ToolCall(name=name, arguments="".join(pieces)) for _, (name, pieces) in sorted(calls.items())),
            refusal="".join(self._refusals.get(index, ())),
            cut=index in self._cut,
            probability=mean(self._probabilities.get(index, [])),
        )
