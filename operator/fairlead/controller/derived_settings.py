"""The settings of the operator's parts, as they follow from its flags."""

from pathlib import Path
from zoneinfo import available_timezones

from fairlead.cluster import own_deployment
from fairlead.cluster.own_deployment import OwnerLookup
from fairlead.controller.reconcile import ReconcileSettings
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.webhook.certificate_rotation import WebhookCertificateSettings
from fairlead.engines import catalogue as engines
from fairlead.fleet.image_pull import ImagePull
from fairlead.objects import network_policies
from fairlead.objects.installation import Installation
from fairlead.review.context import ReviewContext


def of_reconcile(settings: OperatorSettings) -> ReconcileSettings:
    """Return what reconciles and reviews need, with the images and the prices of this installation."""
    context = ReviewContext(
        catalogue=settings.catalogue,
        releases=engines.releases(
            settings.engine_image,
            dict(settings.cpu_images),
            ImagePull(policy=settings.image_pull_policy, secrets=settings.image_pull_secrets),
        ),
        time_zones=frozenset(available_timezones()) or None,
        assigned_users=settings.assigned_users,
    )
    return ReconcileSettings(
        context=context,
        installation=Installation(
            image=settings.router_image,
            operator_namespace=settings.lease_namespace,
            pull_policy=settings.image_pull_policy,
            pull_secrets=settings.image_pull_secrets,
            assigned_users=settings.assigned_users,
            monitoring=_namespace(settings.monitoring_namespace),
        ),
        nodes_grow=settings.nodes_grow,
        gateway_api=settings.gateway_api,
    )


def of_certificates(
    settings: OperatorSettings, folder: Path, owner: OwnerLookup = own_deployment.no_owner
) -> WebhookCertificateSettings | None:
    """Return where the webhook's certificates are kept; None if no webhook is served."""
    chosen = settings.webhook
    if not chosen.enabled:
        return None
    return WebhookCertificateSettings(
        namespace=settings.lease_namespace,
        secret=chosen.secret,
        service=chosen.service,
        configuration=chosen.configuration,
        folder=folder,
        owner=owner,
    )


def _namespace(name: str) -> tuple[tuple[str, str], ...]:
    """Return the label that Kubernetes sets on every namespace."""
    return ((network_policies.NAMESPACE, name),) if name else ()
