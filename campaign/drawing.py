"""Sequences from a seed: the same seed and number give the same story in any lane."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from campaign.moves import (
    Api,
    ApiDeed,
    Bad,
    Child,
    ChildDeed,
    Edit,
    Engine,
    EngineDeed,
    Field,
    Move,
    Node,
    NodeDeed,
    Operator,
    OperatorDeed,
    Pod,
    PodDeed,
    Router,
    RouterDeed,
    Secret,
    SecretDeed,
)
from campaign.specs import CONTEXTS, STRATEGIES, WantedSpec
from campaign.story import Pause, Step, Story

Draw = Callable[[Random], Move]
EXIT_CODES: Final = (0, 1, 134, 137, 139)
NODE_WEATHER: Final[tuple[Move, ...]] = (
    Operator(OperatorDeed.RESTART),
    Operator(OperatorDeed.KILL),
    Api(ApiDeed.RESTART, 3),
    Secret(SecretDeed.WEBHOOK_GONE),
)
SMALL_WEATHER: Final[tuple[Move, ...]] = (
    *(Api(deed, 2) for deed in ApiDeed if deed is not ApiDeed.RESTART),
    *(Api(deed, 1) for deed in (ApiDeed.ERRORS, ApiDeed.DROPS, ApiDeed.WATCHES_EXPIRE)),
    Operator(OperatorDeed.RESTART),
    Operator(OperatorDeed.RESTART),
    Operator(OperatorDeed.SECOND),
    Operator(OperatorDeed.KILL),
    Api(ApiDeed.RESTART, 3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """What may be drawn in a world, and how often."""

    moves: Mapping[Draw, int]
    pauses: Mapping[Pause, int]
    weather: tuple[Move, ...]
    """Cluster-wide faults, drawn now and then."""
    least: int = 2
    most: int = 6


def story(deck: Deck, seed: int, number: int) -> Story:
    """The sequence of this number."""
    rng = Random(f"{seed}/{number}")  # noqa: S311  # a campaign, no secrets
    draws, weights = list(deck.moves), list(deck.moves.values())
    pauses, often = list(deck.pauses), list(deck.pauses.values())
    steps = tuple(
        Step(move=rng.choices(draws, weights)[0](rng), pause=rng.choices(pauses, often)[0])
        for _ in range(rng.randint(deck.least, deck.most))
    )
    return Story(start=start(rng), steps=steps, origin=f"{seed}/{number}")


def start(rng: Random) -> WantedSpec:
    """Mostly the default spec, so that most sequences continue from the end of another one."""
    return WantedSpec() if rng.random() < 0.8 else WantedSpec(context=rng.choice(CONTEXTS), replicas=rng.randint(1, 3))


def edit(rng: Random) -> Move:
    """A good value of one field."""
    field = rng.choice(
        (
            Field.CONTEXT,
            Field.CONTEXT,
            Field.REPLICAS,
            Field.REPLICAS,
            Field.STRATEGY,
            Field.ROUTERS,
            Field.SEQUENCES,
            Field.TOLERATION,
            Field.SECRET,
            Field.SCALING,
        )
    )
    values: dict[Field, tuple[int | str, ...]] = {
        Field.CONTEXT: CONTEXTS,
        Field.REPLICAS: (0, 1, 2, 3, 4),
        Field.STRATEGY: STRATEGIES,
        Field.ROUTERS: (1, 2),
        Field.SEQUENCES: (0, 16, 32),
        Field.TOLERATION: (0, 1),
        Field.SECRET: (0, 1),
        Field.SCALING: (0, 2, 3),
    }
    return Edit(field, rng.choice(values[field]))


def bad_edit(rng: Random) -> Move:
    """A setting that cannot work."""
    return Edit(Field.BAD, rng.choice(tuple(Bad)).value)


def policy_edit(rng: Random) -> Move:
    """Another target, or another mode."""
    if rng.random() < 0.5:
        return Edit(Field.POLICY_TARGET, rng.choice((1, 2, 4)))
    return Edit(Field.POLICY_MODE, rng.choice(("Active", "Recommend")))


def crash(rng: Random) -> Move:
    """An engine ends by itself."""
    return Engine(EngineDeed.CRASH, rng.randrange(4), rng.choice(EXIT_CODES))


def hang(rng: Random) -> Move:
    """An engine that answers no probe."""
    return Engine(EngineDeed.HANG, rng.randrange(4))


def mute(rng: Random) -> Move:
    """An engine that produces no token."""
    return Engine(EngineDeed.MUTE, rng.randrange(4))


def lie(rng: Random) -> Move:
    """An engine whose metrics are wrong."""
    deeds = (EngineDeed.METRICS_NAN, EngineDeed.METRICS_FROZEN, EngineDeed.METRICS_HUGE)
    return Engine(rng.choice(deeds), rng.randrange(4))


def busy(rng: Random) -> Move:
    """Requests that wait, or no longer wait."""
    return Engine(EngineDeed.BUSY, 0, rng.choice((0, 3, 6)))


def living_fault(rng: Random) -> Move:
    """A running engine that cuts streams or is slow."""
    return Engine(rng.choice((EngineDeed.CUT, EngineDeed.SLOW)), rng.randrange(4))


def pod(rng: Random) -> Move:
    """A pod is changed by hand."""
    return Pod(rng.choice(tuple(PodDeed)), rng.randrange(4))


def node(rng: Random) -> Move:
    """A node that changes or recovers."""
    return Node(rng.choice(tuple(NodeDeed)), rng.randrange(2))


def router(rng: Random) -> Move:
    """A router that ends."""
    return Router(rng.choice(tuple(RouterDeed)), rng.randrange(2))


def child(rng: Random) -> Move:
    """A child is changed by hand."""
    return Child(rng.choice(tuple(ChildDeed)))


def secret(rng: Random) -> Move:
    """A Secret that changes or is deleted."""
    return Secret(rng.choice((SecretDeed.CHANGE, SecretDeed.DELETE)))


SMALL: Final = Deck(
    moves={
        edit: 34,
        bad_edit: 12,
        policy_edit: 5,
        crash: 8,
        hang: 5,
        mute: 2,
        lie: 3,
        busy: 4,
        pod: 12,
        node: 10,
        router: 6,
        child: 9,
        secret: 4,
    },
    pauses={Pause.NONE: 35, Pause.MOMENT: 35, Pause.SETTLED: 30},
    weather=SMALL_WEATHER,
)

NODE: Final = Deck(
    moves={
        edit: 26,
        bad_edit: 6,
        policy_edit: 3,
        crash: 12,
        hang: 8,
        mute: 4,
        lie: 6,
        living_fault: 8,
        pod: 14,
        node: 12,
        router: 8,
        child: 8,
        secret: 3,
    },
    pauses={Pause.NONE: 20, Pause.MOMENT: 40, Pause.SETTLED: 40},
    weather=NODE_WEATHER,
    most=4,
)
