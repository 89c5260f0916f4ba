"""One reconcile of one InferenceGateway: observe, plan, apply, report; as stateless as that of a deployment.

What it keeps only saves work: the objects it parsed, and when tenants' use was written last.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller import next_reconcile, router_settings
from fairlead.controller.children import change_reports
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.http_routes import RouteApplier
from fairlead.controller.children.obstacles import StillTerminating
from fairlead.controller.gateways import gateway_secrets, gateway_snapshot, gateway_status, members
from fairlead.controller.gateways.gateway_reader import GatewayReader
from fairlead.controller.gateways.gateway_snapshot import GatewaySnapshot
from fairlead.controller.gateways.gateway_status import GatewayInputs
from fairlead.controller.gateways.members import MemberReader
from fairlead.controller.next_reconcile import REFERENCE_POLL_S, REST_POLL_S, TERMINATING_POLL_S, WAITED_FOR
from fairlead.controller.pods import kept_images, router_problems
from fairlead.controller.reconcile import ReconcileEnvironment, ReconcileSettings
from fairlead.controller.status import deployment_status, route_conditions
from fairlead.controller.status.status_writer import StatusWrite
from fairlead.controller.status.tenant_use import TenantUsage
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.fleet.conditions import ConditionReason, ConditionType, UntimedCondition
from fairlead.fleet.endpoints import GatewayReport
from fairlead.fleet.findings import SpecFinding
from fairlead.fleet.gateways import DeploymentRouter, DesiredGateway
from fairlead.objects import applied_hash, gateway_children, gateway_config, http_routes, router_config
from fairlead.review import deployment_review, gateway_review, routed_models
from fairlead.review.context import ObjectKey

log = logging.getLogger("fairlead.controller")


class GatewayReconciler:
    """Observes, plans, applies and reports InferenceGateways."""

    def __init__(self, setting: ReconcileSettings, environment: ReconcileEnvironment) -> None:
        self._setting = setting
        self._environment = environment
        self._applier = Applier(environment.client, environment.cluster)
        self._routes = RouteApplier(environment.client, environment.cluster, self._applier)
        self._gateways = GatewayReader()
        self._members = MemberReader(setting.context)
        self._usage = TenantUsage()

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Bring one gateway's children to its spec, and write its status."""
        observed = gateway_snapshot.observe(self._environment.cluster, key)
        if observed is None:
            return ReconcileOutcome(gone=True)
        try:
            inputs = await self._carried_out(observed, now)
        except StillTerminating as wait:
            log.info("waiting: %s", wait, extra={"namespace": key.namespace, "name_of_object": key.name})
            return ReconcileOutcome(after_s=TERMINATING_POLL_S)
        if inputs.awaits_a_deleted_one:
            observed = gateway_snapshot.without_routers(observed)
        inputs = replace(inputs, reports=await self._reports(observed), problem=router_problems.problem(observed))
        if await self._report(observed, inputs, now) is StatusWrite.GONE:
            return ReconcileOutcome()
        if why := next_reconcile.failure(inputs.obstacle):
            return ReconcileOutcome(failed=why)
        waits = [REST_POLL_S] if observed.routers else []
        waits += [WAITED_FOR[inputs.obstacle.reason]] if inputs.obstacle is not None else []
        unsettled = inputs.missing.findings or any(one.holds is not True for one in inputs.route)
        waits += [REFERENCE_POLL_S] if unsettled else []
        return ReconcileOutcome(after_s=min(waits, default=None))

    def forget(self, uid: str) -> None:
        """Drop what is kept for a deleted gateway, child or deployment."""
        self._applier.forget(uid)
        self._gateways.forget(uid)
        self._members.forget(uid)
        self._usage.forget(uid)

    async def _carried_out(self, observed: GatewaySnapshot, now: datetime) -> GatewayInputs:
        """Apply the children as they should be; those of a refused gateway stay unchanged, but for shares."""
        stored = self._gateways.of(observed.document)
        gateway = stored.gateway
        if gateway is None or stored.problems:
            return await self._left(observed, None, _refused(ConditionReason.UNREADABLE, stored.problems), now)
        if wrong := tuple(gateway_review.refusals(gateway)):
            return await self._left(observed, gateway, _refused(ConditionReason.REFUSED, wrong), now)
        before = dict(members.entries(observed.configuration))
        joined = self._members.members(self._environment.cluster, gateway, before)
        joined = replace(joined, held=members.held(observed.configuration))
        models = routed_models.routed(gateway, joined)
        configuration = gateway_config.document(gateway, list(joined.joined.values()), models.routes)
        children = self._children(observed, gateway, configuration)
        report = self._foreign(observed, now)
        obstacle = await self._applier.carry_out_all(children, observed.owner, report)
        if obstacle is None or obstacle.passes:  # not while its Service is still that of a deleted gateway
            intent = http_routes.manifest(observed.owner, DeploymentRouter(routing=gateway.routing, pods=gateway.pods))
            route = await self._routes.carry_out(intent, observed.owner, report)
        else:
            route = self._routes.as_it_is(observed.owner)
        remarks = (
            *router_config.crowding(children),
            *(one.sentence for one in (*gateway_review.warnings(gateway), *stored.old_names)),
            *models.findings,
        )
        return GatewayInputs(
            gateway=gateway,
            obstacle=obstacle,
            members=joined,
            routes=models.routes,
            findings=remarks,
            missing=await gateway_secrets.missing(self._environment.lookup, gateway),
            route=route_conditions.route_accepted(route, observed.status, now),
        )

    async def _left(
        self, observed: GatewaySnapshot, gateway: DesiredGateway | None, refused: UntimedCondition, now: datetime
    ) -> GatewayInputs:
        """Leave all children unchanged, with the reason; but shares and the key of the operator are those of now."""
        obstacle, written, owner = None, observed.configuration, observed.owner
        made = self._members.with_shares(self._environment.cluster, written) if isinstance(written, dict) else {}
        made = router_config.with_key(made, gateway_children.operator_key(owner, self._setting.installation))
        if isinstance(written, dict) and made != written:
            child = applied_hash.with_applied_hash(router_config.rewritten(made, owner))
            obstacle = await self._applier.carry_out_all([child], owner, self._foreign(observed, now), prunes=False)
        route = route_conditions.route_accepted(self._routes.as_it_is(owner), observed.status, now)
        refused = kept_images.noted(refused, observed.router, self._setting.installation.image)
        return GatewayInputs(gateway=gateway, refused=refused, obstacle=obstacle, route=route)

    def _children(
        self, observed: GatewaySnapshot, gateway: DesiredGateway, configuration: Manifest
    ) -> Sequence[Manifest]:
        owner, installation = observed.owner, self._setting.installation
        made = gateway_children.all_children(owner, gateway, configuration, installation)
        if installation.router_keys.secret is None:
            live = self._environment.cluster.of(kinds.CONFIG_MAP).find(owner.namespace, owner.router_name)
            made = router_settings.with_kept_key(made, live)
        return [applied_hash.with_applied_hash(one) for one in made]

    async def _reports(self, observed: GatewaySnapshot) -> list[GatewayReport | None]:
        reports = (self._environment.pod_access.gateway_report(one) for one in observed.routers)
        return list(await asyncio.gather(*reports))

    def _foreign(self, observed: GatewaySnapshot, now: datetime) -> OnForeignChange:
        extra = {"namespace": observed.owner.namespace, "name_of_object": observed.owner.name}
        return change_reports.reporter(self._environment.events, observed.document, extra, now)

    async def _report(self, observed: GatewaySnapshot, inputs: GatewayInputs, at: datetime) -> StatusWrite:
        """Write the status if it differs from the stored one."""
        before, generation = observed.status, observed.document["metadata"]["generation"]
        conditions = deployment_status.timed(gateway_status.untimed(observed, inputs), before, generation, at)
        found = gateway_status.figures(observed, inputs) | {"observedGeneration": generation, "conditions": conditions}
        if tenants := self._tenants(observed, inputs, at):
            found["tenants"] = tenants
        return await self._environment.status.write(observed.document, found, at)

    def _tenants(self, observed: GatewaySnapshot, inputs: GatewayInputs, at: datetime) -> list[Manifest]:
        """Return what tenants use; unchanged for a minute after it was written."""
        fresh = gateway_status.tenants(inputs, observed.status.get("tenants") or [])
        return fresh if inputs.refused is not None else self._usage.due(observed.owner.uid, fresh, at)


def _refused(reason: ConditionReason, problems: Sequence[SpecFinding]) -> UntimedCondition:
    words = deployment_review.joined_findings(problems)
    return UntimedCondition(type=ConditionType.ACCEPTED, holds=False, reason=reason, message=words)
