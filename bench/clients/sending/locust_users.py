"""Locust's users: each asks for a chat, then for a stream, without a pause. Run by `locust -f`."""

import os

from locust import FastHttpUser, constant, task  # type: ignore[import-not-found]  # of the clients' environment

HEADERS = {"Authorization": f"Bearer {os.environ['FAIRLEAD_KEY']}"}
BODY = {"model": "chat", "messages": [{"role": "user", "content": "Tell me of the tide, please."}], "max_tokens": 16}


class Reader(FastHttpUser):  # type: ignore[misc]
    """One person who reads and asks again."""

    wait_time = constant(0)

    @task  # type: ignore[untyped-decorator]
    def chat(self) -> None:
        """A whole answer."""
        with self.client.post("/v1/chat/completions", json=BODY, headers=HEADERS, catch_response=True) as answer:
            if "choices" not in (answer.text or ""):
                answer.failure("no choices")

    @task  # type: ignore[untyped-decorator]
    def stream(self) -> None:
        """A stream to its last word."""
        document = BODY | {"stream": True}
        with self.client.post(
            "/v1/chat/completions", json=document, headers=HEADERS, catch_response=True, name="stream"
        ) as answer:
            if "data: [DONE]" not in (answer.text or ""):
                answer.failure("the stream has no end")
