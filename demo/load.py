"""A short load through the OpenAI API: concurrent streams, each read to its end. Bounded; ends by itself."""

import json
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

TOKENS: Final = 40
AT_ONCE: Final = 6
SYSTEM: Final = (
    "You are the pilot of a small harbour. Answer in plain words, kindly and briefly, as you would to somebody who has "
    "never been at sea. Where a word of sailors is needed, explain it at once. Do not guess: say what you do not know, "
    "and who would. Give times in hours and minutes, lengths in metres, speeds in knots with what they are on land. "
    "Never advise to leave the harbour in fog, ice or a storm, whoever asks and however urgent it is. Say goodbye with "
    "the state of the tide."
)
"""Every prompt has the same beginning, as in most applications: long enough for a prefix block of the router."""
ANSWER_S: Final = 5.0
TIMEOUT_S: Final = 300.0
"""A request that is held until a real engine has started waits for minutes on a small machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One answered request."""

    first_token_s: float
    whole_s: float
    tokens: int
    text: str
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The results of all streams."""

    streams: tuple[Stream, ...]
    seconds: float

    @property
    def failed(self) -> tuple[str, ...]:
        """Why some streams failed."""
        return tuple(one.failed for one in self.streams if one.failed)

    @property
    def summary(self) -> str:
        """Summarize in one line."""
        good = [one for one in self.streams if not one.failed]
        first = statistics.median(one.first_token_s for one in good) if good else 0.0
        tokens = sum(one.tokens for one in good)
        return (
            f"{len(self.streams)} streams, {len(self.failed)} failed; "
            f"first token after {first * 1000:.0f} ms (median), {tokens / self.seconds:.0f} tokens a second"
            f"{f' (the first that failed: {self.failed[0]})' if self.failed else ''}"
        )


def answers(address: str) -> bool:
    """Whether a router answers there, whatever it says: nodes may learn of a Service's first pods late."""
    try:
        with urllib.request.urlopen(f"http://{address}/v1/models", timeout=ANSWER_S):  # our own port
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def run(address: str, model: str, streams: int) -> Load:
    """Send this many streams, a few at a time."""
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = tuple(
            pool.map(lambda number: stream_once(address, model, f"Tell me about fairlead {number}."), range(streams))
        )
    return Load(streams=done, seconds=time.monotonic() - started)


def beside(address: str, model: str, act: Callable[[], None], at_once: int) -> Load:
    """Keep this many streams running while something else happens."""
    over, done = threading.Event(), []
    started = time.monotonic()

    def go_on() -> None:
        while not over.is_set():
            done.append(stream_once(address, model, "Go on."))

    threads = [threading.Thread(target=go_on, daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return Load(streams=tuple(done), seconds=time.monotonic() - started)


def stream_once(address: str, model: str, prompt: str) -> Stream:
    """Send one streamed chat completion."""
    body = {
        "model": model,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}],
        "max_tokens": TOKENS,
        "stream": True,
        "ignore_eos": True,  # with random weights the first token may be the end
    }
    request = urllib.request.Request(  # our own port
        f"http://{address}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    started, first, words, ended = time.monotonic(), 0.0, [], False
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # our own door
            for line in answer:
                reply = line.decode().removeprefix("data: ").strip()
                ended = ended or reply == "[DONE]"
                if reply.startswith("{") and (text := _text(reply)):
                    first = first or time.monotonic() - started
                    words.append(text)
        problem = "" if ended and words else f"the stream broke off after {len(words)} pieces"
    except (OSError, ValueError) as caught:
        problem = f"{type(caught).__name__}: {caught}"
    whole = time.monotonic() - started
    return Stream(first_token_s=first, whole_s=whole, tokens=len(words), text="".join(words), failed=problem)


def _text(answer: str) -> str:
    choices = json.loads(answer).get("choices") or [{}]
    return str(choices[0].get("delta", {}).get("content") or "")
