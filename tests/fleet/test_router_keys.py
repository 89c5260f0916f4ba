"""The operator's key to routers: one secret, a different key for each deployment."""

from fairlead.fleet.router_keys import LENGTH, RouterKeys
from fairlead.fleet.token_rights import TokenRight


def test_each_deployment_has_its_own_key_that_reveals_nothing_of_another() -> None:
    keys = RouterKeys(secret=b"s" * LENGTH)
    names = [("team", "chat"), ("team", "code"), ("other", "chat")]
    assert len({keys.bearer(*one) for one in names} | {keys.sha256(*one) for one in names}) == 6
    assert "ssss" not in repr(keys)
    assert (RouterKeys().bearer("team", "chat"), RouterKeys().sha256("team", "chat")) == (None, None)


def test_a_token_that_could_not_be_checked_is_neither_allowed_nor_unknown() -> None:
    assert len({TokenRight.NO_ANSWER, TokenRight.ALLOWED, TokenRight.DENIED, TokenRight.UNKNOWN_TOKEN}) == 4
