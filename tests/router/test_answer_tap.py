"""What is judged of a stream is what its client reads."""

import json
from pathlib import Path

from tests.router.gateways import gateway, posted, single, target, written
from tests.router.planes import Raw, run_story, whole
from tests.router.test_judged_answers import CHAT, FORM, GOOD, QUESTION


def test_the_last_event_of_a_stream_is_read_although_no_blank_line_follows_it(tmp_path: Path) -> None:
    choices = ({"delta": {"content": GOOD[:5]}}, {"delta": {"content": GOOD[5:]}, "finish_reason": "stop"})
    body = "\n\n".join("data: " + json.dumps({"choices": [{"index": 0} | one]}) for one in choices)

    async def story() -> None:
        streamed = whole(body.encode()).replace(b"application/json", b"text/event-stream")
        async with Raw(streamed).listening() as engine:
            route = single("chat", "ns/a") | {"onInvalid": "Retry"}
            async with gateway(written(tmp_path, [target("a", engine.address)], [route])) as router:
                question = QUESTION | {"response_format": FORM, "stream": True}
                status, _, text = await posted(router, question, CHAT)
                assert (status, text.startswith(body), len(engine.seen)) == (200, True, 1)
                name = 'fairlead_router_structured_checks_total{model="chat",target="ns/a",revision="",result="valid"}'
                assert await router.metric(name) == 1

    run_story(story())
