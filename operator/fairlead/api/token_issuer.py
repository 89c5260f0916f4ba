"""The OpenID issuer whose tokens tenants send instead of API keys."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, UniqueList
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import ADDRESS

SecureUrl = Annotated[
    str,
    StringFormat(
        pattern=rf"https://{ADDRESS}",
        longest=512,
        because="this is not an https address",
        remedy="write https://host:port/path without user, password, query or fragment",
    ),
]
Claim = Annotated[str, Field(min_length=1, max_length=256)]


class BaseTokenIssuer(ApiModel):
    """The token issuer, the tokens' audience, and the claim that names the tenant."""

    issuer: SecureUrl = Field(
        description="Address of the issuer, exactly as its tokens have it in iss, for instance "
        "https://login.example.com/realms/company."
    )
    audiences: Annotated[tuple[Claim, ...], UniqueList()] = Field(
        min_length=1, max_length=8, description="Accepted values of a token's aud: it must name one of these."
    )
    tenant_claim: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        default="sub",
        description="Claim that identifies the tenant: a string or a list of strings, of which the first that is "
        'a tenant\'s counts. Default "sub".',
    )
    keys_url: SecureUrl | None = Field(
        default=None,
        description="Address of the issuer's public keys, a JWK Set. Default: what the page "
        "/.well-known/openid-configuration below issuer says.",
    )


class TokenIssuer(BaseTokenIssuer):
    """The token issuer, with its CA certificate in a Secret."""

    ca_secret: SecretKeyRef | None = Field(
        default=None,
        description="Secret with the certificate of the authority that signed the issuer's certificate, as PEM. "
        "Default: the authorities of the routers' image.",
    )
