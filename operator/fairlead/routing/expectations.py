"""Expected tokens of a reply, and bytes of a token: learnt from usage, defaults until then.

A client's `max_tokens` is a ceiling and usually far above the real length, so load counts the mean of past replies.
"""

from typing import Final

from fairlead.routing.first_token_speed import FirstTokenSpeed

REPLY_GUESS: Final = 256
"""Reply tokens before any reply has been seen: between the means of public traces, 149 (Mooncake) and 437 (Claude)."""
PROMPT_GUESS: Final = 1024
"""Prompt tokens to compute before any was sent: the mean of a production chat service (Azure) is 1,155."""
BYTES_A_TOKEN: Final = 4.0
"""Default before any usage has been seen: English text in the vocabularies of current models."""
PRIOR_TOKENS: Final = 4096.0
"""Weight of the default in tokens, against what is learnt."""
MIN_BYTES: Final = 2048
"""Shorter prompts say little of a token's bytes: a chat template adds a hundred tokens to a prompt of twenty bytes, and
hardly any to one of twenty thousand."""
LEARNT_TOKENS: Final = 65_536
"""Prompt tokens that count in full for the bytes of a token; older ones count half, and half again."""
MEMORY: Final = 64
"""A mean covers about this many last replies: it follows a tenant that changes its use within a minute or so."""
MAX_NAMES: Final = 4096
"""Tenants beyond this number share one mean."""
BLOCK_BYTES: Final = 512
"""Bytes of a prefix block: the same as in `router.wire`."""
MEDIA_TOKENS: Final = 256
"""Assumed tokens of an image or another part that is not text: few models need fewer, so that limits refuse none for a
wrong guess, and most need some more."""
MAX_ANSWERS: Final = 4096
"""Answers counted of one request: a number that every engine refuses must not fill the fleet meanwhile."""


class RunningMean:
    """A running mean in two slots: exact for the first values, exponentially weighted after that."""

    __slots__ = ("count", "value")

    def __init__(self, value: float) -> None:
        self.value = value
        self.count = 0

    def add(self, value: float) -> None:
        """Add one value."""
        if self.count < MEMORY:
            self.count += 1
        self.value += (value - self.value) / self.count


class BytesPerToken:
    """Bytes per token weighted by size, not by request."""

    __slots__ = ("_bytes", "_tokens", "value")

    def __init__(self) -> None:
        self._tokens = PRIOR_TOKENS
        self._bytes = BYTES_A_TOKEN * PRIOR_TOKENS
        self.value = BYTES_A_TOKEN

    def add(self, text_bytes: int, tokens: int) -> None:
        """Add a prompt that an engine counted."""
        self._bytes += text_bytes
        self._tokens += tokens
        if self._tokens > LEARNT_TOKENS:
            self._bytes, self._tokens = self._bytes / 2, self._tokens / 2
        self.value = min(max(self._bytes / self._tokens, 0.5), 16.0)

    def tokens(self, text_bytes: int, media: int = 0, ids: int = 0) -> int:
        """Estimate the tokens of a prompt by its bytes, without its tokenizer, by its images and the like, and by the
        tokens that the client sent as their numbers, which are exact."""
        if ids and not text_bytes and not media:
            return ids
        return int(text_bytes / self.value) + 1 + media * MEDIA_TOKENS + ids


UNMEASURED: Final = BytesPerToken()
"""Of tenants that no prompt was measured of."""


class TokenExpectations:
    """Expectations for one model."""

    __slots__ = ("_everybody", "_prompts", "_replies", "bytes_a_token", "first_token", "prompt")

    def __init__(self) -> None:
        self._everybody = RunningMean(REPLY_GUESS)
        self._replies: dict[str, RunningMean] = {}
        self._prompts: dict[str, BytesPerToken] = {}
        self.bytes_a_token = BytesPerToken()
        """Of all tenants' prompts, by which caches are measured, and nothing that a tenant may do."""
        self.prompt = RunningMean(PROMPT_GUESS)
        """Prompt tokens that the chosen endpoint's cache did not hold."""
        self.first_token = FirstTokenSpeed()

    def reply(self, name: str, most: int, answers: int = 1) -> int:
        """Return the expected reply tokens for this tenant, of all answers; never more than the request allows."""
        expected = int((self._replies.get(name) or self._everybody).value)
        if answers > 1:
            expected *= min(answers, MAX_ANSWERS)
        return min(expected, most)

    def replied(self, name: str, tokens: int) -> None:
        """Record an answer that ended by itself with this many tokens."""
        self._everybody.add(tokens)
        mine = self._replies.get(name)
        if mine is None:
            if len(self._replies) >= MAX_NAMES:
                return
            mine = self._replies[name] = RunningMean(REPLY_GUESS)
        mine.add(tokens)

    def of(self, name: str) -> BytesPerToken:
        """Return how the prompts of this tenant are estimated: by its own alone, since others' may be anything."""
        return self._prompts.get(name) or UNMEASURED

    def measured(self, name: str, text_bytes: int, tokens: int) -> None:
        """Record an engine's token count for a text of this many bytes."""
        if tokens <= 0 or text_bytes < MIN_BYTES:
            return
        self.bytes_a_token.add(text_bytes, tokens)
        mine = self._prompts.get(name)
        if mine is None:
            if len(self._prompts) >= MAX_NAMES:
                return
            mine = self._prompts[name] = BytesPerToken()
        mine.add(text_bytes, tokens)

    @property
    def anybody(self) -> float:
        """Expected tokens of a reply, over all tenants."""
        return self._everybody.value

    @property
    def block_tokens(self) -> float:
        """Tokens of one prefix block."""
        return BLOCK_BYTES / self.bytes_a_token.value
