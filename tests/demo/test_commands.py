"""Every line is a command that its service knows, with a body that it accepts."""

from functools import cache
from importlib import import_module
from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from cli.demo.world.lines import Line


class Body(msgspec.Struct):
    body: msgspec.Raw


@cache
def commands(service: str) -> dict[str, TypeAdapter[Any]]:
    deciders = import_module(f"services.{service}.main").service.deciders
    return {kind.__name__: TypeAdapter(kind) for decider in deciders for kind in decider.commands}


@pytest.mark.parametrize("service", ["people", "training", "supervision", "performance"])
def test_every_line_is_a_command_that_its_service_accepts(service: str, told: list[Line]) -> None:
    own = [line for line in told if line.service == service]
    assert own
    for line in own:
        commands(service)[line.command].validate_json(bytes(msgspec.json.decode(line.wire(), type=Body).body))
