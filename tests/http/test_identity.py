"""Who asks: access tokens of an issuer, and the demo's secret, each refused where it is anything else."""

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk, jws, jwt

from shared import identity as module
from shared.identity import Actor, DevelopmentIdentity, IssuerAway, IssuerIdentity, Nobody, Unauthenticated
from shared.settings import Misconfigured, Settings
from tests.http.serving import SERVICES, in_memory, naming, served

AUDIENCE = "kaibo"


class Issuer:
    """Signs, and serves its discovery document and its keys."""

    def __init__(self) -> None:
        self.keys = {kid: jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "two")}
        self.published = ["one"]
        self.url = ""
        self.asked = 0
        self.away = False

    def document(self, path: str) -> Any:
        match path:
            case "/.well-known/openid-configuration":
                return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
            case "/keys":
                self.asked += 1
                return {"keys": [self.keys[kid].as_dict(private=False) for kid in self.published]}
            case _:
                return None

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        whole = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "li",
            "iat": now,
            "exp": now + 300,
            "kaibo_capacities": ["anchor", "appraiser"],
        } | changed
        return {name: content for name, content in whole.items() if content is not None}

    def token(self, header: Mapping[str, Any] | None = None, kid: str = "one", key: Any = None, **changed: Any) -> str:
        head = {"alg": "RS256", "typ": "at+jwt", "kid": kid} | dict(header or {})
        head = {name: content for name, content in head.items() if content is not None}
        registry = jws.JWSRegistry(algorithms=list(jws.JWSRegistry.algorithms))
        return jwt.encode(head, self.claims(**changed), key or self.keys[kid], registry=registry)


@contextmanager
def serving() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = None if issuer.away else issuer.document(self.path)
            self.send_response(503 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as found:
        yield found


def asking(token: str, capacity: str = "") -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "kaibo-capacity": capacity}


async def test_a_token_of_the_issuer_names_a_person_in_a_capacity_that_he_holds(issuer: Issuer) -> None:
    who = IssuerIdentity(issuer.url, AUDIENCE)
    token = issuer.token()
    assert await who.actor(asking(token, "appraiser")) == Actor(person="li", capacity="appraiser")
    assert await who.actor(asking(token)) == Actor(person="li", capacity="")  # of two none is his choice
    single = issuer.token(kaibo_capacities=["anchor"])
    assert await who.actor(asking(single)) == Actor(person="li", capacity="anchor")
    assert await who.actor(asking(issuer.token(aud=["other", AUDIENCE]), "anchor")) == Actor(
        person="li", capacity="anchor"
    )
    assert (await who.actor(asking(issuer.token({"typ": "application/at+jwt"}), "anchor"))).person == "li"
    assert issuer.asked == 1


WRONG: dict[str, Any] = {
    "another audience": {"aud": "payroll"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": 1_700_000_000},
    "without an end": {"exp": None},
    "not valid yet": {"nbf": int(time.time()) + 3_600},
    "nobody": {"sub": None},
    "no access token": {"header": {"typ": "JWT"}},
    "an id token": {"header": {"typ": "JWT"}, "nonce": "n", "auth_time": 1_700_000_000},
    "no type": {"header": {"typ": None}},
    "an unknown key": {"kid": "two"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_any_other_token_is_refused(issuer: Issuer, wrong: dict[str, Any]) -> None:
    who = IssuerIdentity(issuer.url, AUDIENCE)
    with pytest.raises(Unauthenticated):
        await who.actor(asking(issuer.token(**wrong), "anchor"))


FORGED = (
    "none",
    "unsigned",
    "public key as a secret",
    "key of another",
    "key it brings along",
    "other hash",
    "tampered",
)


@pytest.mark.parametrize("how", FORGED)
async def test_no_other_signature_counts(issuer: Issuer, how: str) -> None:
    other = issuer.keys["two"]
    token = {
        "none": lambda: unsigned(issuer),
        "unsigned": lambda: ".".join((*issuer.token().split(".")[:2], "")),
        "public key as a secret": lambda: symmetric(issuer),
        "key of another": lambda: issuer.token(key=other),
        "key it brings along": lambda: issuer.token({"jwk": other.as_dict(private=False)}, key=other),
        "other hash": lambda: issuer.token({"alg": "RS512"}),
        "tampered": lambda: tampered(issuer.token()),
    }[how]()
    with pytest.raises(Unauthenticated):
        await IssuerIdentity(issuer.url, AUDIENCE).actor(asking(token, "anchor"))


def part(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def unsigned(issuer: Issuer) -> str:
    head = json.dumps({"alg": "none", "typ": "at+jwt", "kid": "one"}).encode()
    return f"{part(head)}.{part(json.dumps(issuer.claims()).encode())}."


def symmetric(issuer: Issuer) -> str:
    """What a verifier that believes the header's algorithm would take the public key for."""
    head = json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "one"}).encode()
    signed = f"{part(head)}.{part(json.dumps(issuer.claims()).encode())}"
    secret = issuer.keys["one"].as_pem(private=False)
    return f"{signed}.{part(hmac.digest(secret, signed.encode(), 'sha256'))}"


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    return ".".join((head, body[:-4] + ("AAAA" if body[-4:] != "AAAA" else "BBBB"), signature))


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Basic bGk6bGk=", "Bearer a.b", "Bearer a.b.c", "Bearer ÿ.ÿ.ÿ"]
)
async def test_what_is_no_token_is_refused(issuer: Issuer, given: str) -> None:
    with pytest.raises(Unauthenticated):
        await IssuerIdentity(issuer.url, AUDIENCE).actor({"authorization": given})


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(["anchor"], "hr"), ([], "hr"), (None, "hr"), ("hr_assistant", "hr"), ("hr", "hr"), ({"hr": 1}, "hr")],
)
async def test_a_capacity_that_the_token_does_not_hold_is_refused(issuer: Issuer, held: Any, wanted: str) -> None:
    """A text that holds it within is no list that does."""
    with pytest.raises(Unauthenticated):
        await IssuerIdentity(issuer.url, AUDIENCE).actor(asking(issuer.token(kaibo_capacities=held), wanted))


async def test_turned_keys_are_found_and_a_flood_of_unknown_ones_is_not_passed_on(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    who = IssuerIdentity(issuer.url, AUDIENCE)
    await who.actor(asking(issuer.token(), "anchor"))
    issuer.published = ["two"]
    turned = issuer.token(kid="two")
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await who.actor(asking(turned, "anchor"))
    assert issuer.asked == 1
    now += module.SPARED + 1
    assert (await who.actor(asking(turned, "anchor"))).person == "li"
    with pytest.raises(Unauthenticated):
        await who.actor(asking(issuer.token(), "anchor"))
    assert issuer.asked == 2


async def test_an_issuer_that_is_away_stops_nobody_whose_key_is_known(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    who = IssuerIdentity(issuer.url, AUDIENCE)
    issuer.away = True
    with pytest.raises(IssuerAway):
        await who.actor(asking(issuer.token(), "anchor"))
    issuer.away = False
    now += module.SPARED + 1
    assert (await who.actor(asking(issuer.token(), "anchor"))).person == "li"
    issuer.away = True
    now += module.FRESH + 1
    assert (await who.actor(asking(issuer.token(), "anchor"))).person == "li"
    with pytest.raises(Unauthenticated):
        await who.actor(asking(issuer.token(kid="two"), "anchor"))


async def test_over_http(issuer: Issuer) -> None:
    """With an issuer the headers of the demo's identity mean nothing."""
    parts = await in_memory(SERVICES["people"])
    parts = replace(parts, settings=replace(parts.settings, issuer=issuer.url, audience=AUDIENCE))
    async with served(parts) as there:
        denied = await there.http.get("/persons", headers=naming("li", "hr"))
        assert (denied.status_code, denied.json()["title"]) == (401, "unauthenticated")
        token = issuer.token(kaibo_capacities=["hr", "anchor"])
        bearer = {"Authorization": f"Bearer {token}", "Kaibo-Person": "wu"}
        assert (await there.http.get("/persons", headers=bearer | {"Kaibo-Capacity": "hr"})).status_code == 200
        assert (await there.http.get("/persons", headers=bearer | {"Kaibo-Capacity": "anchor"})).status_code == 403
        assert (await there.http.get("/persons", headers=bearer | {"Kaibo-Capacity": "auditor"})).status_code == 401
        assert (await there.http.get("/roles/li", headers=bearer | {"Kaibo-Capacity": "anchor"})).status_code == 200
        assert (await there.http.get("/roles/wu", headers=bearer | {"Kaibo-Capacity": "anchor"})).status_code == 403
        assert token not in denied.text
    issuer.away = True
    async with served(parts) as there:
        later = await there.http.get("/persons", headers=bearer | {"Kaibo-Capacity": "hr"})
        assert (later.status_code, later.json()["title"]) == (503, "issuer.away")
        assert later.headers["retry-after"]


async def test_the_demos_secret() -> None:
    who = DevelopmentIdentity("s3cret")
    right = {"authorization": "Bearer s3cret", "kaibo-person": "li", "kaibo-capacity": "anchor"}
    assert await who.actor(right) == Actor(person="li", capacity="anchor")
    for wrong in ({"authorization": "Bearer s3cre"}, {"authorization": ""}, {"kaibo-person": ""}):
        with pytest.raises(Unauthenticated):
            await who.actor(right | wrong)


async def test_without_an_issuer_nobody_is_let_in() -> None:
    with pytest.raises(Unauthenticated):
        await Nobody().actor({"authorization": "Bearer x", "kaibo-person": "li"})


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key").write_text("ab" * 32)
    return {
        "PEOPLE_DATABASE_URL": "postgresql://127.0.0.1/people",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "KAIBO_MASTER_KEY_FILE": str(tmp_path / "key"),
    }


@pytest.mark.parametrize(
    "more",
    [
        {"KAIBO_ISSUER_URL": "https://issuer.example", "KAIBO_AUDIENCE": "kaibo"},
        {"KAIBO_EXTERNAL": "1"},
        {"PEOPLE_HTTP_HOST": "0.0.0.0"},  # noqa: S104 what is to be refused
        {"PEOPLE_HTTP_HOST": "192.168.1.7"},
        {"PEOPLE_HTTP_HOST": ""},
        {"PEOPLE_HTTP_HOST": "::"},
    ],
    ids=str,
)
def test_the_demos_secret_is_refused_wherever_others_could_use_it(
    environment: dict[str, str], more: dict[str, str]
) -> None:
    with pytest.raises(Misconfigured, match="KAIBO_DEVELOPMENT_SECRET"):
        Settings.from_environment("people", environment | {"KAIBO_DEVELOPMENT_SECRET": "s"} | more)


def test_settings_choose_the_identity(environment: dict[str, str]) -> None:
    def identity(**more: str) -> object:
        return Settings.from_environment("people", environment | more).identity

    assert isinstance(identity(), Nobody)
    assert isinstance(identity(KAIBO_DEVELOPMENT_SECRET="s"), DevelopmentIdentity)
    assert isinstance(identity(KAIBO_ISSUER_URL="https://issuer.example", KAIBO_AUDIENCE="kaibo"), IssuerIdentity)
    with pytest.raises(Misconfigured, match="KAIBO_AUDIENCE"):
        identity(KAIBO_ISSUER_URL="https://issuer.example")
