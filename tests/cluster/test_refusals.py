"""403s of the API server: only those of its authorizer are a missing right, which a release's roles would grant."""

import json
from typing import Final

import pytest

from fairlead.cluster import api_errors, kinds
from fairlead.cluster.api_errors import ApiRequest, RequestRefused
from fairlead.cluster.kinds import Resource
from fairlead.controller.children import obstacles
from fairlead.fleet.conditions import ConditionReason

RBAC: Final = 'is forbidden: User "system:serviceaccount:fairlead-system:fairlead" cannot'
GRANT: Final = (
    'roles.rbac.authorization.k8s.io "chat-router" is forbidden: user "system:serviceaccount:fairlead-system:fairlead" '
    '(groups=["system:serviceaccounts" "system:authenticated"]) is attempting to grant RBAC permissions not currently '
    'held:\n{APIGroups:[""], Resources:["pods"], Verbs:["watch"]}'
)
FINALIZERS: Final = (
    'deployments.apps "chat-a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource '
    "you can't set finalizers on: , <nil>"
)
OWNER: Final = 'services "chat-router" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>'
QUOTA: Final = 'pods "chat-a" is forbidden: exceeded quota: gpus, requested: pods=1, used: pods=8, limited: pods=8'
POD_SECURITY: Final = 'pods "chat-a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
GATEKEEPER: Final = 'admission webhook "validation.gatekeeper.sh" denied the request: label owner is missing'
GRANTING: Final = f'admission webhook "b.example.com" denied the request: {GRANT}'
POLICY: Final = 'admission webhook "a.example.com" denied the request: User "ann" cannot delete resource "pods" here'


def refused(verb: str, message: str, resource: Resource = kinds.POD, subresource: str | None = None) -> RequestRefused:
    request = ApiRequest(verb=verb, resource=resource, namespace="team-a", name="chat-a", subresource=subresource)
    found = api_errors.of_answer(request, 403, json.dumps({"reason": "Forbidden", "message": message}).encode())
    assert isinstance(found, RequestRefused)
    return found


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("patch", f'daemonsets.apps "chat-prepull" {RBAC} patch resource "daemonsets" in API group "apps"'),
        ("create", f'pods {RBAC} create resource "pods" in API group "" in the namespace "team-a"'),
        ("create", 'forbidden: User "system:anonymous" cannot post path "/apis"'),
        ("patch", GRANT),
        ("patch", FINALIZERS),
        ("patch", OWNER),
    ],
)
def test_what_the_authorizer_refuses_is_a_missing_right_which_the_roles_of_a_release_grant(
    verb: str, message: str
) -> None:
    found = obstacles.obstacle_of(refused(verb, message))
    assert found.reason is ConditionReason.NO_RIGHT
    assert "run `helm upgrade`" in found.message


@pytest.mark.parametrize("message", [QUOTA, POD_SECURITY, GATEKEEPER, POLICY, GRANTING])
@pytest.mark.parametrize("verb", ["create", "patch", "delete"])
def test_what_a_policy_refuses_is_quoted_and_no_role_is_blamed(verb: str, message: str) -> None:
    found = obstacles.obstacle_of(refused(verb, message))
    assert found.reason is ConditionReason.CLUSTER_REFUSES
    assert (message in found.message, "helm" in found.message) == (True, False)


@pytest.mark.parametrize("verb", ["get", "list", "watch"])
def test_no_policy_sees_a_read_so_each_403_of_one_is_a_missing_right_whatever_a_proxy_writes(verb: str) -> None:
    assert refused(verb, "access denied by the gateway of team-a").lacks_right


DOWN: Final = (
    'Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post '
    '"https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": no endpoints available for service "kyverno-svc"'
)


def failed(verb: str, message: str) -> api_errors.ApiError:
    request = ApiRequest(verb=verb, resource=kinds.DEPLOYMENT, namespace="team-a", name="chat-a")
    return api_errors.of_answer(request, 500, json.dumps({"reason": "InternalError", "message": message}).encode())


@pytest.mark.parametrize("verb", ["create", "patch", "update"])
def test_a_webhook_that_has_to_allow_a_write_and_is_down_refuses_it(verb: str) -> None:
    """Every reconcile failed with it, so no status said so, and nothing was repaired or scaled."""
    found = failed(verb, DOWN)
    assert isinstance(found, RequestRefused)
    assert obstacles.obstacle_of(found).reason is ConditionReason.CLUSTER_REFUSES
    assert DOWN in obstacles.obstacle_of(found).message


def test_another_500_may_have_passed_before_anyone_reads_of_it() -> None:
    assert isinstance(failed("patch", "etcdserver: leader changed"), api_errors.Unreachable)
    assert isinstance(failed("get", DOWN), api_errors.Unreachable)


def test_a_policy_does_see_what_is_passed_through_to_a_pod() -> None:
    assert not refused("get", GATEKEEPER, subresource="proxy").lacks_right
