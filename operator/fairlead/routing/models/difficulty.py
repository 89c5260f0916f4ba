"""Estimates how hard a request is from its words; the header `x-fairlead-difficulty` overrides the estimate.

Points towards hard: words of code, of mathematics and of reasoning, several questions, lists of demands, tools, a long
prompt and a long answer; towards easy: words of extraction, translation and short facts, and a short answer. The words
are English. Of 49 prompts of our own that it was not fitted to, it gets 40 right (tests/data/difficulty); no other
figure is known, so a route that must be right uses the header, a task or a cascade.
"""

from typing import Final

from fairlead.fleet.model_routes import Difficulty

HEAD_BYTES: Final = 1024
TAIL_BYTES: Final = 3072
"""How much of the beginning and of the end of a prompt is read, where instructions usually are."""
HARD_POINTS: Final = 2
LONG_ANSWER: Final = 1500
SHORT_ANSWER: Final = 64
LONG_PROMPT: Final = 1200
MANY_QUESTIONS: Final = 3
MANY_DEMANDS: Final = 4
MANY_WORDS: Final = 20
"""Number of different words that makes a request likely to be hard."""
MAX_OF_A_KIND: Final = 2
"""Most points for words of one kind: a text is not hard just for being about code."""

_CODE: Final = frozenset(
    b"algorithm api async bug class code compile compiler complexity concurrency database deadlock debug def "
    b"function golang implement java javascript kernel kubernetes mutex parser python query race recursion "
    b"refactor regex rust schema sql stack stacktrace test tests thread threads traceback typescript unittest".split()
)
_MATHEMATICS: Final = frozenset(
    b"bayes bayesian bound bounds combinatorics converge convergence converges derivative differentiate "
    b"eigenvalue eigenvalues equation equations expected graph inequality integer integers integral integrate "
    b"lemma matrix modulo polynomial prime primes probability proof prove proves sequence sum theorem variance "
    b"vertex vertices".split()
)
_REASONING: Final = frozenset(
    b"analyse analysis analyze architecture argue argument assumptions choose compare conclude consequences "
    b"constraint constraints contradict contradiction critique debate decide deduce derive design diagnose "
    b"draft each estimate evaluate every explain hypotheses hypothesis implications infer investigate justify "
    b"migrate migration objections optimal optimise optimize plan propose puzzle rationale reason reasoned "
    b"reasoning recommend root severity show step strategy synthesise synthesize trade-offs tradeoff tradeoffs "
    b"weigh why".split()
)
_SIMPLE: Final = frozenset(
    b"capital categorise categorize category classify convert copy correct define definition extract format "
    b"grammar greeting headline hello hi keyword keywords label list lowercase name names paraphrase phone "
    b"rephrase rewrite sentence sentiment shorten spell spelling subject summarise summarize summary synonym "
    b"thank thanks title translate translation uppercase word yes".split()
)
_BLANKS: Final = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if 97 <= byte <= 122 or byte in b"-" or byte > 127 else 32
    for byte in range(256)
)
"""Lower-cases letters and turns all else into spaces."""


def of_header(value: bytes) -> Difficulty | None:
    """Read a client's header; None if it is neither of the two words."""
    word = value.strip().lower()
    return Difficulty.EASY if word == b"easy" else Difficulty.HARD if word == b"hard" else None


def estimated(prompt: bytes, prompt_tokens: int, output_tokens: int | None, *, tools: bool) -> Difficulty:
    """Estimate the difficulty; never fails, whatever the bytes."""
    if len(prompt) > HEAD_BYTES + TAIL_BYTES:
        prompt = prompt[:HEAD_BYTES] + b" " + prompt[-TAIL_BYTES:]
    points = _word_points(prompt) + _shape_points(prompt)
    points += tools + (prompt_tokens >= LONG_PROMPT)
    if output_tokens is not None:
        points += (output_tokens >= LONG_ANSWER) - (output_tokens <= SHORT_ANSWER)
    return Difficulty.HARD if points >= HARD_POINTS else Difficulty.EASY


def _word_points(prompt: bytes) -> int:
    words = set(prompt.translate(_BLANKS).split())
    hard = sum(min(MAX_OF_A_KIND, len(words & some)) for some in (_CODE, _MATHEMATICS, _REASONING))
    return hard - min(MAX_OF_A_KIND, len(words & _SIMPLE)) + (len(words) >= MANY_WORDS)


def _shape_points(prompt: bytes) -> int:
    """Count points for fenced code, formulas, many questions, many demands."""
    demands = prompt.count(b"\n- ") + prompt.count(b"\n* ") + prompt.count(b"\n1.") + prompt.count(b" must ")
    return (
        (b"```" in prompt)
        + (b"\\frac" in prompt or b"$$" in prompt or b"^2" in prompt)
        + (prompt.count(b"?") >= MANY_QUESTIONS)
        + (demands >= MANY_DEMANDS)
    )
