"""A version's name in an engine identifies its adapter and version; no client's name contains its separator."""

from fairlead.fleet.adapters import SEPARATOR, AdapterEdition, ServedAdapter
from fairlead.fleet.desired_state import ModelSource, SourceScheme


def test_a_version_is_called_by_its_adapter_and_the_beginning_of_its_digest() -> None:
    source = ModelSource(scheme=SourceScheme.HUB, location="acme/sql")
    edition = AdapterEdition(digest=f"sha256:1f{'0' * 62}", source=source, traffic=100)
    adapter = ServedAdapter(
        namespace="team",
        name="sql",
        deployment="chat",
        served_name="chat-sql",
        base_model=None,
        replicas=None,
        editions=(edition,),
    )
    assert adapter.engine_name(edition) == f"chat-sql{SEPARATOR}1f000000"
