"""The JSON of vLLM's answers: whole replies, chunks of streams, the usage that ends them, and the model cards."""

import json
from dataclasses import dataclass
from typing import Any, Final

from fairlead.simulator.asked import Asked
from fairlead.simulator.command import Served

FINGERPRINT: Final = "vllm-0.32.0-simulated"
DONE: Final = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Whose reply it is: what stands in every piece of it."""

    asked: Asked
    request_id: str
    created: int

    def whole(self, tokens: tuple[str, ...], finish: str) -> dict[str, Any]:
        """The reply in one piece."""
        text = "".join(tokens)
        said: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, "refusal": None, "tool_calls": [], "reasoning": None}}
            if self.asked.chat
            else {"text": text}
        )
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": finish, "stop_reason": None}
        kind = "chat.completion" if self.asked.chat else "text_completion"
        return self._head(kind) | {"choices": [choice], "usage": self._usage(len(tokens))}

    def opening(self) -> bytes:
        """The first chunk of a chat names the speaker; a completion has none."""
        if not self.asked.chat:
            return b""
        return self._chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])

    def token(self, text: str, finish: str | None) -> bytes:
        """One token; the last one says why it is the last."""
        said = {"delta": {"content": text}} if self.asked.chat else {"text": text}
        return self._chunk([{"index": 0, **said, "logprobs": None, "finish_reason": finish, "stop_reason": None}])

    def usage(self, count: int) -> bytes:
        """The chunk without choices that `include_usage` asks for."""
        return self._chunk([], {"usage": self._usage(count)})

    def _usage(self, count: int) -> dict[str, int]:
        prompt = self.asked.prompt_tokens
        return {"prompt_tokens": prompt, "total_tokens": prompt + count, "completion_tokens": count}

    def _chunk(self, choices: list[dict[str, Any]], more: dict[str, Any] | None = None) -> bytes:
        kind = "chat.completion.chunk" if self.asked.chat else "text_completion"
        told = self._head(kind) | {"choices": choices} | (more or {})
        return b"data: " + json.dumps(told, separators=(",", ":")).encode() + b"\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        prefix = "chatcmpl" if self.asked.chat else "cmpl"
        return {
            "id": f"{prefix}-{self.request_id}",
            "object": kind,
            "created": self.created,
            "model": self.asked.model,
            "system_fingerprint": FINGERPRINT,
        }


def models(served: Served, created: int) -> dict[str, Any]:
    """The cards of the model under each of its names, and of its adapters."""
    base = [_card(name, served.model, created) | {"max_model_len": served.context_tokens} for name in served.names]
    adapters = [
        _card(name, path, created) | {"parent": served.names[0], "max_model_len": None}
        for name, path in served.adapters
    ]
    return {"object": "list", "data": base + adapters}


def _card(name: str, root: str, created: int) -> dict[str, Any]:
    card = {"id": name, "object": "model", "created": created, "owned_by": "vllm", "root": root, "parent": None}
    return card | {"permission": []}
