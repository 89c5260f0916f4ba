"""Locust's users: each sends a chat, then a stream, without a pause. Run by `locust -f`."""

import os

from locust import FastHttpUser, constant, task  # type: ignore[import-not-found]  # from the clients' environment

HEADERS = {"Authorization": f"Bearer {os.environ['FAIRLEAD_KEY']}"}
BODY = {"model": "chat", "messages": [{"role": "user", "content": "Tell me of the tide, please."}], "max_tokens": 16}


class Reader(FastHttpUser):  # type: ignore[misc]
    """A user who reads and sends again."""

    wait_time = constant(0)

    @task  # type: ignore[untyped-decorator]
    def chat(self) -> None:
        """Send a chat and read its whole answer."""
        with self.client.post("/v1/chat/completions", json=BODY, headers=HEADERS, catch_response=True) as answer:
            if "choices" not in (answer.text or ""):
                answer.failure("no choices")

    @task  # type: ignore[untyped-decorator]
    def stream(self) -> None:
        """Read a stream to its end."""
        document = BODY | {"stream": True}
        with self.client.post(
            "/v1/chat/completions", json=document, headers=HEADERS, catch_response=True, name="stream"
        ) as answer:
            if "data: [DONE]" not in (answer.text or ""):
                answer.failure("the stream has no end")
