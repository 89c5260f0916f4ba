"""Which deployments concern the loop."""

from fairlead.autoscaler import scaled_deployments
from tests.autoscaler.fleets import deployment


def test_those_with_scaling_or_with_a_recommendation_to_withdraw_are_found() -> None:
    those = (
        deployment("scaled"),
        deployment("plain", spec={"replicas": 2}),
        deployment("empty", spec=None, status=None),
        deployment("was-scaled", spec={"replicas": 2}, status={"scaling": {"recommended": 3}}),
    )
    assert [one["metadata"]["name"] for one in scaled_deployments.among(those)] == ["scaled", "was-scaled"]
