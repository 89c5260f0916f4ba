"""What takes memory, with its verb: a sentence about one thing has another verb than one about many."""

from fairlead.fleet.fit import Term


def test_every_term_has_the_verb_that_goes_with_it() -> None:
    assert {term: term.takes for term in Term} == {
        Term.WEIGHTS: "the weights take",
        Term.DRAFT: "the draft model takes",
        Term.ADAPTERS: "the adapters take",
        Term.ACTIVATIONS: "the activations take",
        Term.GRAPHS: "the graphs take",
        Term.FRAMEWORK: "the framework takes",
        Term.KV: "the KV cache takes",
    }
