"""What a process is told by its environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from pathlib import Path

from shared.identity import DevelopmentIdentity, Identity, IssuerIdentity, Nobody
from shared.kafka import KafkaSettings
from shared.value import value


class Misconfigured(ValueError):
    """The environment lacks something, or says two things at once: what, and what to do."""


@value
class Settings:
    service: str
    database_url: str
    kafka: KafkaSettings
    http_host: str = "127.0.0.1"
    http_port: int = 0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    master_key: bytes = field(repr=False)
    development_secret: str = field(default="", repr=False)
    issuer: str = ""
    audience: str = ""
    policies: Path | None = None
    log: str = "json"
    partitions: int = 6
    parked_at_most: int = 1_000

    @property
    def identity(self) -> Identity:
        if self.issuer:
            return IssuerIdentity(self.issuer, self.audience)
        return DevelopmentIdentity(self.development_secret) if self.development_secret else Nobody()

    @classmethod
    def from_environment(cls, service: str, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises Misconfigured."""
        prefix = service.upper()

        def need(name: str) -> str:
            if not environment.get(name):
                raise Misconfigured(f"{name} is not set; `./kaibo up` sets it for embedded parts")
            return environment[name]

        host = environment.get(f"{prefix}_HTTP_HOST", "127.0.0.1")
        secret = environment.get("KAIBO_DEVELOPMENT_SECRET", "")
        external = environment.get("KAIBO_ISSUER_URL") or environment.get("KAIBO_EXTERNAL")
        if secret and (external or host not in ("127.0.0.1", "::1", "localhost")):
            raise Misconfigured(
                "KAIBO_DEVELOPMENT_SECRET is for the demo on loopback and embedded parts alone: "
                "unset it, or bind to 127.0.0.1 and unset KAIBO_ISSUER_URL and KAIBO_EXTERNAL"
            )
        if environment.get("KAIBO_ISSUER_URL") and not environment.get("KAIBO_AUDIENCE"):
            raise Misconfigured("KAIBO_AUDIENCE is not set: tokens of the issuer for others would be taken")
        policies = environment.get("KAIBO_POLICIES")
        return cls(
            service=service,
            database_url=need(f"{prefix}_DATABASE_URL"),
            kafka=kafka_settings(need, environment),
            http_host=host,
            http_port=int(environment.get(f"{prefix}_HTTP_PORT", "0")),
            metrics_host=environment.get(f"{prefix}_METRICS_HOST", "127.0.0.1"),
            metrics_port=int(environment.get(f"{prefix}_METRICS_PORT", "0")),
            master_key=master_key(Path(need("KAIBO_MASTER_KEY_FILE"))),
            development_secret=secret,
            issuer=environment.get("KAIBO_ISSUER_URL", ""),
            audience=environment.get("KAIBO_AUDIENCE", ""),
            policies=Path(policies) / service if policies else None,
            log=environment.get("KAIBO_LOG", "json"),
            partitions=int(environment.get("KAIBO_PARTITIONS", "6")),
            parked_at_most=int(environment.get("KAIBO_PARKED_AT_MOST", "1000")),
        )


def kafka_settings(need: Callable[[str], str], environment: Mapping[str, str]) -> KafkaSettings:
    """`KAFKA_BOOTSTRAP_SERVERS`, and the security settings of the Kafka clients by their names."""
    names = [f.name for f in fields(KafkaSettings) if f.name not in ("bootstrap_servers", "client_id")]
    given = {name: found for name in names if (found := environment.get(f"KAFKA_{name.upper()}"))}
    return KafkaSettings(bootstrap_servers=need("KAFKA_BOOTSTRAP_SERVERS"), **given)


def master_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"KAIBO_MASTER_KEY_FILE: {path.name} cannot be read as hex: {error}") from error
    if len(key) != 32:
        raise Misconfigured(f"KAIBO_MASTER_KEY_FILE: 32 bytes in hex are needed, not {len(key)}")
    return key
