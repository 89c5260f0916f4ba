"""Any input gets a review, never an exception, and soon: a failing webhook admits all or nothing.

Walks start from good objects, since noise alone never passes the first check.
"""

import copy
import time
from typing import Any, Final

import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import documents
from fairlead.review import admission
from fairlead.review.result import Review
from tests.review.table import CONTEXT, SAMPLES, deployment, engine

GOOD: Final = [
    one for path in SAMPLES for one in yaml.safe_load_all(path.read_text()) if one["kind"] in admission.KINDS
]
NUMBERS: Final = (-1, 0, 1, 2, 3, 7, 8, 16, 64, 127, 4096, 10_000_000, 2**31, 2**63, 1.5)
WORDS: Final = ("", "a", "0", "1", "0.5", "awq", "mtp", "Weighted", "1s", "hf://a/b", "--", "--x", "-", "\ud800", "é\n")
NOISE: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=4) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
ODD: Final = st.sampled_from(NUMBERS) | st.sampled_from(WORDS) | NOISE


@given(document=NOISE)
def test_noise_gets_a_review(document: object) -> None:
    assert _reviewed(document).refusals


@given(noise=NOISE, part=st.sampled_from(("apiVersion", "kind", "metadata", "spec", "status", "else")))
def test_an_object_with_a_part_of_noise_gets_a_review(noise: object, part: str) -> None:
    _reviewed(deployment() | {part: noise})


@given(data=st.data(), document=st.sampled_from(GOOD))
def test_a_good_object_with_odd_values_gets_a_review(data: st.DataObject, document: dict[str, Any]) -> None:
    changed = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(_places(changed["spec"]))))
        holder[key] = data.draw(ODD)
    _reviewed(changed)


SIZES: Final = st.sampled_from((1, 2, 3, 7, 16, 31, 64, 128, 4096, 128_256, 10_000_000))
STATED: Final = ("layers", "hiddenSize", "attentionHeads", "kvHeads", "headSize", "intermediateSize", "vocabularySize")
MORE: Final = ("maxPosition", "parameters", "experts", "expertsPerToken")


@given(
    source=st.sampled_from(("a/b", "a/b", *CONTEXT.catalogue.shapes)),
    shape=st.fixed_dictionaries(dict.fromkeys(STATED, SIZES), optional=dict.fromkeys(MORE, SIZES))
    | st.fixed_dictionaries({}, optional=dict.fromkeys((*STATED, *MORE), SIZES)),
    product=st.sampled_from(sorted(CONTEXT.catalogue.accelerators)),
    context=st.sampled_from((16, 100, 4096, 16_777_216)),
    tensor=st.sampled_from((1, 2, 3, 8, 128)),
)
def test_any_stated_shape_gets_a_review(
    source: str, shape: dict[str, int], product: str, context: int, tensor: int
) -> None:
    _reviewed(
        deployment(
            model={"source": f"hf://{source}", "shape": shape},
            accelerator={"product": product},
            parallelism={"tensor": tensor},
            engine={"context": {"maxTokens": context}, "eager": context == 100},
        )
    )


@given(text=st.text(max_size=200) | st.text("abc:{}[]&*!-|> \n\t'\"#?,%<1.e~", max_size=60))
def test_any_text_is_documents_or_a_problem(text: str) -> None:
    for one in documents.of_text(text, "f"):
        assert one.content is None or one.problem is None
        _reviewed(one.content)


def test_hostile_json_in_an_argument_gets_a_review() -> None:
    _reviewed(engine(extraArgs=["--kv-transfer-config", "[" * 1024]))


def test_an_alias_of_everything_is_not_printed() -> None:
    """Written out, this kind would have 2^40 letters."""
    hostile: Any = ["x"]
    for _ in range(40):
        hostile = [hostile, hostile]
    review = _reviewed(deployment() | {"kind": hostile, "metadata": hostile})
    assert (review.kind, review.refusals[0].value) == ("absent", "absent")
    assert _reviewed(deployment(x=hostile)).refusals[0].because == "it is nested deeper than 32 levels"


def _reviewed(document: object) -> Review:
    began = time.process_time()
    review = admission.review(document, CONTEXT)
    assert isinstance(review, Review)
    assert all(isinstance(one.sentence, str) for one in (*review.refusals, *review.warnings))
    assert time.process_time() - began < 2.0
    return review


def _places(value: Any) -> Any:  # noqa: ANN401  # any value may be in a document
    """Every place of a document, as its holder and the key there."""
    for key, below in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(below, dict | list):
            yield from _places(below)
