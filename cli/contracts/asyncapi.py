"""The AsyncAPI 3.0 document of a service, for whoever subscribes: both topics, every event in every schema that may
stand there, the attributes of its records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.contracts.documents import Document, address, examples, json_schema, text
from cli.contracts.releases import Releases
from shared.event import Contract

KAFKA = "0.5.0"  # of the binding
DIALECT = "application/schema+json;version=draft-2020-12"

ABOUT = """\
Events of Kaibo's {service}, as CloudEvents 1.0 in binary mode. The key of a record is its stream: order holds within \
a stream, and there is none between topics. Nothing is ever deleted or compacted.

A record may come twice: drop what is not above the last `ce_position` that you took from its partition. One whose \
`ce_prevposition` you did not see means that something is missing. Where `ce_logid` changes, the log behind the topic \
was restored or replaced.

Ignore fields that you do not know: within a schema they are only added. A change that a reader of before could not \
take raises `ce_schema`; records of every schema stay, so a topic that is read from its beginning holds them all. \
An event that is renamed says what it was called in `ce_formerly`."""

TOPICS = {
    "events": "What may be granted to subscribers.",
    "restricted": "Restricted: the organisation's own services alone may read it. It tells of single persons.",
}

POSITION = {"type": "string", "pattern": "^[0-9]+$"}
MOMENT = {"type": "string", "format": "date-time"}
TEXT = {"type": "string"}
ATTRIBUTES: dict[str, tuple[Document, str]] = {
    "ce_specversion": ({"type": "string", "const": "1.0"}, "CloudEvents"),
    "ce_id": ({"type": "string", "format": "uuid"}, "of the event, a UUIDv7; the same when the record comes again"),
    "ce_source": (TEXT, "the service"),
    "ce_type": (TEXT, "kaibo.<service>.<Event>, without a version"),
    "ce_subject": (TEXT, "the stream: the key of the record"),
    "ce_time": (MOMENT, "when it happened"),
    "ce_dataschema": ({"type": "string", "format": "uri"}, "`$id` of the JSON Schema of the value"),
    "content-type": ({"type": "string", "const": "application/json"}, "of the value, in UTF-8"),
    "ce_schema": (POSITION, "number of the event's schema, from 1"),
    "ce_streamversion": (POSITION, "place in the stream, from 1 without a gap"),
    "ce_logid": (TEXT, "of the log that the record comes from, random"),
    "ce_position": (POSITION, "place in the log; grows within a partition"),
    "ce_prevposition": (POSITION, "of the record before it in its partition; 0: it is the first"),
    "ce_recordedtime": (MOMENT, "when it was recorded"),
    "ce_actor": (TEXT, "who did it: an id, or system"),
    "ce_capacity": (TEXT, "in which the actor acted"),
    "ce_correlationid": (TEXT, "of the request that began it all"),
    "ce_causationid": (TEXT, "of the event or request that led to it"),
    "ce_depth": (POSITION, "how many causes lie between it and that request"),
    "ce_scope": (TEXT, "where it holds: organisation, studio, unit"),
    "ce_origin": (TEXT, "the system that it was taken over from"),
    "ce_policies": ({"type": "string", "contentMediaType": "application/json"}, "policies that it rests on, a list"),
    "ce_formerly": (TEXT, "names that the event had before, with commas between"),
}
SOMETIMES = frozenset(list(ATTRIBUTES)[list(ATTRIBUTES).index("ce_capacity") :])  # one without content is not written


def files(contract: Contract, folder: Path) -> dict[Path, str]:
    """All that is written from the code, by where it stands: the JSON Schemas and the document."""
    schemas = all_schemas(contract, Releases(folder))
    found = {folder / file_of(name, schema): text(said) for (name, schema), (said, _) in schemas.items()}
    return found | {folder / "asyncapi.json": text(document(contract, schemas))}


Schemas = dict[tuple[str, int], tuple[Document, list[Document]]]  # by name and schema: JSON Schema and examples


def all_schemas(contract: Contract, releases: Releases) -> Schemas:
    """What is written now, and what was released before and may stand on the topics."""
    now = {
        (name, contract.schema(kind)): (json_schema(contract, name), examples(contract, name))
        for name, kind in contract.events.items()
    }
    names = [name for name in releases.latest if contract.named(name)]
    before = {(p.event, p.schema): (p.json_schema, list(p.examples)) for _, p in releases.of(names)}
    return dict(sorted((before | now).items()))


def file_of(name: str, schema: int) -> str:
    return f"schemas/{name}.{schema}.json"


def document(contract: Contract, schemas: Schemas) -> Document:
    service = contract.service
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:kaibo:{service}",
        "info": {
            "title": f"Kaibo {service}: events",
            "version": "1",
            "description": ABOUT.format(service=service),
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{broker}",
                "protocol": "kafka",
                "description": "`./kaibo status` says where it is.",
                "variables": {"broker": {"default": "127.0.0.1:9092", "description": "KAFKA_BOOTSTRAP_SERVERS"}},
            }
        },
        "channels": {name: channel(contract, name, schemas) for name in TOPICS},
        "operations": {f"publish-{name}": operation(name, told) for name, told in TOPICS.items()},
        "components": {
            "messages": {message_id(*at): message(contract, *at, *said) for at, said in schemas.items()},
            "schemas": {"attributes": attributes()},
        },
    }


def message_id(name: str, schema: int) -> str:
    return f"{name}.{schema}"


def channel(contract: Contract, name: str, schemas: Schemas) -> Document:
    topic = f"kaibo.{contract.service}.{name}"
    return {
        "address": topic,
        "title": topic,
        "description": TOPICS[name],
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in on(contract, topic, schemas)},
        "bindings": {
            "kafka": {
                "topic": topic,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1},
                "bindingVersion": KAFKA,
            }
        },
        "x-restricted": name == "restricted",
    }


def on(contract: Contract, topic: str, schemas: Schemas) -> Iterator[str]:
    for name, schema in schemas:
        kind = contract.named(name)
        if kind is not None and contract.topic(kind) == topic:
            yield message_id(name, schema)


def operation(name: str, told: str) -> Document:
    return {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, "summary": told}


def message(contract: Contract, name: str, schema: int, said: Document, shown: list[Document]) -> Document:
    kind = contract.named(name)
    assert kind is not None
    told: dict[str, Any] = {
        "name": f"kaibo.{contract.service}.{name}",
        "title": name,
        "summary": said.get("description", f"{name}, schema {schema}"),
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "headers": {
            "type": "object",
            "allOf": [{"$ref": "#/components/schemas/attributes"}],
            "properties": {
                "ce_source": {"const": f"/kaibo/{contract.service}"},
                "ce_type": {"const": f"kaibo.{contract.service}.{name}"},
                "ce_schema": {"const": str(schema)},
                "ce_dataschema": {"const": address(contract.service, name, schema)},
            },
        },
        "payload": {"schemaFormat": DIALECT, "schema": {"$ref": f"./{file_of(name, schema)}"}},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": "The stream."}, "bindingVersion": KAFKA},
        },
        "examples": [{"payload": example} for example in shown],
    }
    if name != kind.__name__:
        told |= {"deprecated": True, "description": f"Called {kind.__name__} now; its records stay."}
    return told


def attributes() -> Document:
    return {
        "type": "object",
        "description": "Headers of a record: CloudEvents attributes, and ours. Others may be added.",
        "required": [name for name in ATTRIBUTES if name not in SOMETIMES],
        "properties": {name: schema | {"description": told} for name, (schema, told) in ATTRIBUTES.items()},
    }
