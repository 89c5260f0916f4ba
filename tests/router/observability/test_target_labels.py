"""At a gateway, latencies and tokens name the deployment that served."""

from tests.router.observability.recorders import answered, recorder_of, samples


def test_latencies_at_a_gateway_name_the_target_that_got_the_request_last() -> None:
    router = recorder_of()
    answered(router, stream=True, target="demo/small")
    answered(router, stream=True, target="demo/large", fallbacks=[("demo/small", "Timeout")])
    figures = samples(router)
    counted = {name: value for name, value in figures.items() if name.startswith("time_to_first_token_seconds_count")}
    labels = 'model="chat",revision="r1",band="gold",lane="interactive",target="demo/{}"'.format
    assert counted == {f"time_to_first_token_seconds_count{{{labels(name)}}}": 1 for name in ("small", "large")}
