"""`python -m bench.router_cache.scripted`: an engine that answers what ours does not: reasoning, and half answers.

The answer is selected by the word `script` in the request's body; each has another id, as from real engines.
"""

import asyncio
import json
from itertools import count
from typing import Final

from bench.router_cache.world import HOST, SCRIPTED_PORT

DELTAS: Final = (
    {"role": "assistant", "content": ""},
    {"reasoning": "The user wants the weather; "},
    {"reasoning": "a tool knows: \u201ccité\u201d\U0001f326"},
    {
        "tool_calls": [
            {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
        ]
    },
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "Par'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": 'is"}'}}]},
)
USAGE: Final = {"prompt_tokens": 21, "completion_tokens": 17, "prompt_tokens_details": {"cached_tokens": 16}}
DONE: Final = b"data: [DONE]\n\n"
_ids: Final = count(1)


def event(answer: object) -> bytes:
    return b"data: " + json.dumps(answer).encode() + b"\n\n"


def events(script: str, *, usage: bool) -> list[bytes]:
    """A chat stream that reasons, calls a tool, and ends as the script says."""
    name = f"chatcmpl-{next(_ids)}"
    entries = [event({"id": name, "choices": [{"index": 0, "delta": one, "finish_reason": None}]}) for one in DELTAS]
    if script == "error":
        return [*entries, event({"error": {"message": "out of blocks", "code": 500}}), DONE]
    finish = "abort" if script == "abort" else "tool_calls"
    entries.append(event({"id": name, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
    if usage:
        entries.append(event({"id": name, "choices": [], "usage": USAGE}))
    return [*entries, DONE]


def plain(script: str) -> bytes:
    """The same as a whole answer."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": None,
        "reasoning": "The user wants the weather",
        "tool_calls": [],
    }
    finish = "abort" if script == "abort" else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"id": f"chatcmpl-{next(_ids)}", "choices": [choice], "usage": USAGE}).encode()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection, one request after another."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(one[15:]) for one in head.lower().split(b"\r\n") if one[:15] == b"content-length:"), 0)
            body = json.loads(await reader.readexactly(length) or b"{}")
            if not await _answer(writer, body):
                break
    except (asyncio.IncompleteReadError, OSError):
        pass
    writer.close()


async def _answer(writer: asyncio.StreamWriter, body: dict[str, object]) -> bool:
    """Answer; return whether the connection stays open."""
    script = str(body.get("script", ""))
    if not body.get("stream"):
        answer = plain(script)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
        )
        await writer.drain()
        return True
    options = body.get("stream_options")
    entries = events(script, usage=isinstance(options, dict) and bool(options.get("include_usage")))
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for one in entries[:4] if script == "cut" else entries:
        writer.write(b"%x\r\n%b\r\n" % (len(one), one))
        await writer.drain()
        await asyncio.sleep(0.002)
    if script == "cut":
        writer.transport.abort()
        return False
    writer.write(b"0\r\n\r\n")
    return True


async def main() -> None:
    server = await asyncio.start_server(serve, HOST, SCRIPTED_PORT)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
