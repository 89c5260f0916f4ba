"""Sentences about memory agree in number with what takes it."""

from fairlead.fleet.fit import MemoryTerm


def test_every_term_has_the_verb_that_goes_with_it() -> None:
    assert {term: term.takes for term in MemoryTerm} == {
        MemoryTerm.WEIGHTS: "the weights take",
        MemoryTerm.DRAFT: "the draft model takes",
        MemoryTerm.ADAPTERS: "the adapters take",
        MemoryTerm.ACTIVATIONS: "the activations take",
        MemoryTerm.GRAPHS: "the graphs take",
        MemoryTerm.FRAMEWORK: "the framework takes",
        MemoryTerm.KV: "the KV cache takes",
    }
