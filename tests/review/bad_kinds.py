"""Bad specs of other kinds of engines than vLLM, and who refuses them first."""

from typing import Final

from tests.review.table import Layer, Object, Row, engine


def _no(story: str, given: Object, at: str, wording: str) -> Row:
    return Row(story=story, given=given, layer=Layer.ENGINE, at=at, wording=wording)


KINDS: Final = (
    _no(
        "a limit that one kind of engine lacks",
        engine(kind="TensorRT-LLM", batching={"maxQueuedRequests": 8}),
        "spec.engine.batching.maxQueuedRequests",
        "TensorRT-LLM does not limit waiting requests",
    ),
    _no(
        "what another kind of engine cannot do",
        engine(kind="SGLang", speculation={"method": "ngram", "maxConcurrency": 8}),
        "spec.engine.speculation.maxConcurrency",
        "SGLang drafts for every batch",
    ),
    _no(
        "a parser by vLLM's name",
        engine(kind="SGLang", tools={"parser": "llama3_json"}),
        "spec.engine.tools.parser",
        "did you mean llama3?",
    ),
    _no(
        "vLLM's flag for another kind of engine",
        engine(kind="SGLang", extraArgs=["--max-num-seqs=8"]),
        "spec.engine.extraArgs[0]",
        "SGLang 0.5.23 has no such flag",
    ),
)
