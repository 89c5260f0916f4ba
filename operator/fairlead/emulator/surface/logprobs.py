"""Plausible log-probabilities: each token is likely, its alternatives less so, and they sum to less than certainty.

Real ones come from a model; these have the right structure, counts and order, and depend on the tokens alone.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.text.tokenizer import Tokenizer

_SPREAD: Final = 2_654_435_761
"""Knuth's multiplier: neighbouring ids get distant numbers."""
_LEAST: Final = 0.5
"""Minimum probability of a sampled token, so that it ranks above its alternatives."""


def top_logprobs(token: int, place: int, count: int, tokenizer: Tokenizer) -> list[tuple[int, float]]:
    """Return the token, then alternatives, each half as likely as the last."""
    mixed = (token * _SPREAD + place * 40_503) & 0xFFFF_FFFF
    share = _LEAST + (1 - _LEAST) * (mixed >> 16) / 65_537
    found = [(token, math.log(share))]
    left = 1 - share
    for step in range(1, count):
        left /= 2
        other = tokenizer.spoken[(mixed + step) % len(tokenizer.spoken)]
        if other == token:
            other = tokenizer.end
        found.append((other, math.log(left)))
    return found


def of_completion(
    ids: Sequence[int | None], first: int, top: int, tokenizer: Tokenizer, *, by_id: bool
) -> dict[str, Any]:
    """Return logprobs of tokens whose text begins at offset `first`; None, the prompt's first token, has none."""
    columns: dict[str, list[Any]] = {"text_offset": [], "token_logprobs": [], "tokens": [], "top_logprobs": []}
    offset = first
    for place, token in enumerate(ids):
        number = abs(token or 0)
        name = _name(number, tokenizer, by_id=by_id)
        columns["text_offset"].append(offset)
        columns["tokens"].append(name)
        choices = top_logprobs(number, place, max(1, top), tokenizer)
        columns["token_logprobs"].append(None if token is None else choices[0][1])
        columns["top_logprobs"].append(
            None if token is None else {_name(other, tokenizer, by_id=by_id): value for other, value in choices}
        )
        offset += len(name)
    return columns


def of_chat(ids: Sequence[int], first: int, top: int, tokenizer: Tokenizer, *, by_id: bool) -> dict[str, Any]:
    """Return logprobs of a chat's tokens from position `first` on."""
    content = []
    for place, token in enumerate(ids, first):
        choices = [
            _spelled(other, value, tokenizer, by_id=by_id)
            for other, value in top_logprobs(token, place, max(1, top), tokenizer)
        ]
        content.append(choices[0] | {"top_logprobs": choices[:top] if top else []})
    return {"content": content}


def of_prompt(ids: Sequence[int], top: int, tokenizer: Tokenizer) -> list[dict[str, Any] | None]:
    """Return logprobs of a prompt's tokens except the first, which has no context."""
    positions: list[dict[str, Any] | None] = [None]
    for place, token in enumerate(ids[1:], 1):
        choices = top_logprobs(token, place, max(1, top), tokenizer)
        names = tokenizer.strings([number for number, _ in choices])
        positions.append(
            {
                str(number): {"logprob": value, "rank": rank, "decoded_token": name}
                for rank, ((number, value), name) in enumerate(zip(choices, names, strict=True), 1)
            }
        )
    return positions


def _name(token: int, tokenizer: Tokenizer, *, by_id: bool) -> str:
    return f"token_id:{token}" if by_id else tokenizer.strings([token])[0]


def _spelled(token: int, value: float, tokenizer: Tokenizer, *, by_id: bool) -> dict[str, Any]:
    name = _name(token, tokenizer, by_id=by_id)
    return {"token": name, "logprob": value, "bytes": list(tokenizer.strings([token])[0].encode())}
