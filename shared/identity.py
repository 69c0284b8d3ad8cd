"""Who asks: the organisation's own issuer, or, for the demo alone, a header under the secret of one run."""

import asyncio
import hmac
from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol

import httpx2
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.value import value

log = structlog.get_logger()

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
FRESH = 3_600.0  # seconds that keys of the issuer are used without asking again
SPARED = 10.0  # seconds between two questions to the issuer: an unknown kid must not become a flood


class Unauthenticated(Exception):
    """Nobody is named, or the proof is wrong."""


class IssuerAway(Exception):
    """The issuer's keys cannot be read, so nobody's proof can be checked now."""


@value
class Actor:
    """A person, in one of the capacities that he holds."""

    person: str
    capacity: str


class Identity(Protocol):
    async def actor(self, headers: Mapping[str, str]) -> Actor:
        """Raises Unauthenticated, IssuerAway."""


class Nobody:
    """Neither an issuer nor a demo: everything is refused."""

    async def actor(self, headers: Mapping[str, str]) -> Actor:
        raise Unauthenticated("no issuer is configured: set KAIBO_ISSUER_URL and KAIBO_AUDIENCE")


class DevelopmentIdentity:
    """A header names a person and a capacity; the secret of this run proves the right to do so."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    async def actor(self, headers: Mapping[str, str]) -> Actor:
        given, person = headers.get("authorization", "").removeprefix("Bearer "), headers.get("kaibo-person", "")
        if not person or not hmac.compare_digest(self.secret.encode(), given.encode()):
            raise Unauthenticated(
                "Authorization: Bearer <secret of run.json>, Kaibo-Person and Kaibo-Capacity are needed"
            )
        return Actor(person=person, capacity=headers.get("kaibo-capacity", ""))


class IssuerIdentity:
    """Access tokens (`at+jwt`) of an OpenID Connect issuer. `sub` is the person's id here; `kaibo_capacities` lists
    the capacities that he may act in, of which `Kaibo-Capacity` names one."""

    def __init__(self, issuer: str, audience: str) -> None:
        self.issuer, self.audience = issuer, audience
        self.keys: KeySet | None = None
        self.asked = -FRESH
        self.lock = asyncio.Lock()
        self.claims = jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def actor(self, headers: Mapping[str, str]) -> Actor:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("a bearer token of the issuer is needed")
        claims = await self.verified(token)
        held = claims.get("kaibo_capacities", [])
        wanted = headers.get("kaibo-capacity", "")
        if not isinstance(held, list):  # "in" would find a capacity within a longer text
            raise Unauthenticated("kaibo_capacities is no list")
        if wanted and wanted not in held:
            raise Unauthenticated("the token does not hold this capacity")
        return Actor(person=str(claims["sub"]), capacity=wanted or (held[0] if len(held) == 1 else ""))

    async def verified(self, token: str) -> dict[str, Any]:
        for renew in (False, True):  # an unknown kid: the issuer may have turned its keys
            keys = await self.current(renew)
            try:
                found = jwt.decode(token, keys, algorithms=ALGORITHMS)
                if str(found.header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
                    raise Unauthenticated("this is no access token")
                self.claims.validate(found.claims)
                return dict(found.claims)
            except (JoseError, ValueError) as error:
                if renew:
                    raise Unauthenticated(f"the token is not valid: {type(error).__name__}") from None
        raise Unauthenticated("the token is not valid")

    async def current(self, renew: bool) -> KeySet:
        if not renew and self.keys is not None and monotonic() - self.asked <= FRESH:
            return self.keys  # valid tokens never wait for a question that an unknown kid has raised
        async with self.lock:
            age = monotonic() - self.asked
            if age > FRESH or (age > SPARED and (renew or self.keys is None)):
                self.asked = monotonic()
                self.keys = await self.fetch() or self.keys  # an issuer that is away for a while stops nobody
            if self.keys is None:
                raise IssuerAway("the issuer's keys cannot be read; nothing is lost, ask again")
            return self.keys

    async def fetch(self) -> KeySet | None:
        try:
            async with httpx2.AsyncClient(timeout=5) as client:
                known = await client.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                keys = await client.get(known.raise_for_status().json()["jwks_uri"])
                return KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx2.HTTPError, JoseError, KeyError, TypeError, ValueError) as error:
            log.warning("issuer.away", issuer=self.issuer, error=type(error).__name__)
            return None
