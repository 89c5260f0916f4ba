"""Validation rules of a router's settings that need their own fields alone."""

from typing import Any, Final

from fairlead.api.connections import Cors
from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.gateway import InferenceGatewaySpec
from fairlead.api.http_route import HttpRoute, ParentReference
from fairlead.api.lifecycle import Router
from fairlead.api.router_file import StandaloneRouterSpec
from fairlead.api.router_spec import BaseRouterSpec, RouterSpec
from fairlead.api.traffic import AccessLog

EVERY_ORIGIN: Final = "*"


def _of_tenants(on: type[Any]) -> tuple[FieldRule[Any], ...]:
    """Return the rules between tenants and other fields, wherever the tenants' keys are kept."""
    return (
        FieldRule[Any](
            on=on,
            field="tenants",
            fault=FieldErrorReason.INVALID,
            cel="!has(self.tenants) || self.tenants.all(tenant, !has(tenant.band) || "
            "(has(self.bands) && self.bands.exists(band, band.name == tenant.band)))",
            holds=lambda it: all(
                one.band is None or one.band in {band.name for band in it.bands} for one in it.tenants
            ),
            because="a tenant names a band that bands does not have",
            remedy="add the band to bands, or name one that is there",
        ),
        FieldRule[Any](
            on=on,
            field="balancing",
            fault=FieldErrorReason.INVALID,
            cel="!has(self.balancing) || !self.balancing.cacheSalt || (has(self.tenants) && size(self.tenants) > 0)",
            holds=lambda it: not it.balancing.cache_salt or bool(it.tenants),
            because="cacheSalt separates tenants, and there are none",
            remedy="name tenants, or remove balancing.cacheSalt",
        ),
        FieldRule[Any](
            on=on,
            field="oidc",
            fault=FieldErrorReason.INVALID,
            cel="!has(self.oidc) || (has(self.tenants) && size(self.tenants) > 0)",
            holds=lambda it: it.oidc is None or bool(it.tenants),
            because="tokens identify the tenant of a request, and there are no tenants: everyone may send requests",
            remedy="name tenants, or remove oidc",
        ),
        FieldRule[Any](
            on=on,
            field="tenants",
            fault=FieldErrorReason.FORBIDDEN,
            cel="has(self.oidc) || !has(self.tenants) || "
            "self.tenants.all(tenant, !has(tenant.claims) || size(tenant.claims) == 0)",
            holds=lambda it: it.oidc is not None or not any(one.claims for one in it.tenants),
            because="claims are those of an issuer's tokens, and no issuer is named",
            remedy="name it in oidc, or remove claims",
        ),
    )


def _with_keys(on: type[Any]) -> FieldRule[Any]:
    """Require keys or an issuer of tenants declared only here; a gateway's may have keys in the Secret NAME-keys."""
    return FieldRule[Any](
        on=on,
        field="tenants",
        fault=FieldErrorReason.REQUIRED,
        cel="has(self.oidc) || !has(self.tenants) || "
        "self.tenants.all(tenant, has(tenant.keys) && size(tenant.keys) > 0)",
        holds=lambda it: it.oidc is not None or all(one.keys for one in it.tenants),
        because="a tenant has neither keys nor an issuer's tokens, so no request could be that tenant's",
        remedy="name a key in keys, or the issuer of its tokens in oidc",
    )


def _one_name(on: type[Any]) -> FieldRule[Any]:
    """Refuse the old name beside the new one: it would be unclear which of the two counts."""
    return FieldRule[Any](
        on=on,
        field="door",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.door) || !has(self.connections)",
        holds=lambda it: it.door is None or "connections" not in it.model_fields_set,
        because="door is the old name of connections, and both are set",
        remedy="move what it has to connections, and remove door",
    )


def _clash(one: ParentReference, other: ParentReference) -> bool:
    """Whether both name the same listeners of the same Gateway, or could."""
    same = (one.name, one.namespace) == (other.name, other.namespace)
    return same and (not one.section_name or not other.section_name or one.section_name == other.section_name)


RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[HttpRoute](
        on=HttpRoute,
        field="parentRefs",
        fault=FieldErrorReason.INVALID,
        cel="self.parentRefs.all(one, self.parentRefs.exists_one(other, one.name == other.name && "
        "(has(one.__namespace__) ? one.__namespace__ : '') == (has(other.__namespace__) ? other.__namespace__ : '') "
        "&& (!has(one.sectionName) || !has(other.sectionName) || one.sectionName == other.sectionName)))",
        holds=lambda it: all(sum(_clash(one, other) for other in it.parent_refs) == 1 for one in it.parent_refs),
        because="one Gateway is named twice without different listeners",
        remedy="keep one of them, or give each its own sectionName",
    ),
    *_of_tenants(Router),
    *_of_tenants(InferenceGatewaySpec),
    *_of_tenants(StandaloneRouterSpec),
    _with_keys(Router),
    _with_keys(StandaloneRouterSpec),
    _one_name(RouterSpec),
    _one_name(StandaloneRouterSpec),
    FieldRule[BaseRouterSpec](
        on=BaseRouterSpec,
        field="bands",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.bands) || "
        "self.bands.map(band, has(band.reserved) ? double(band.reserved) : 0.0).sum() <= 1.00001",
        holds=lambda it: sum(float(one.reserved or 0) for one in it.bands) <= 1.00001,
        because="the bands reserve more than the whole capacity",
        remedy='lower reserved of some bands, so that all together are at most "1.0"',
    ),
    FieldRule[Cors](
        on=Cors,
        field="origins",
        fault=FieldErrorReason.INVALID,
        cel=f"!('{EVERY_ORIGIN}' in self.origins) || size(self.origins) == 1",
        holds=lambda it: EVERY_ORIGIN not in it.origins or len(it.origins) == 1,
        because="* lets every page send requests, so other origins beside it have no effect",
        remedy="remove *, or all the others",
    ),
    FieldRule[AccessLog](
        on=AccessLog,
        field="prompts",
        fault=FieldErrorReason.INVALID,
        cel="self.enabled || !self.prompts",
        holds=lambda it: it.enabled or not it.prompts,
        because="without lines there is nothing to write prompts into",
        remedy="set enabled to true, or remove prompts",
    ),
)
