"""One service in this process: what a container runs, and what `up` forks."""

import importlib
import os
import sys
from typing import TYPE_CHECKING

from deploy.local.processes import StartFailed

if TYPE_CHECKING:
    from shared.service import Service


def load(name: str) -> "Service":
    """The service's table of contents."""
    module = importlib.import_module(f"services.{name}.main")
    service: Service = module.service
    return service


def serve(name: str, role: str) -> None:
    """Run until stopped, configured by the environment. Raises StartFailed where that does not do."""
    from shared.policy import PolicyError
    from shared.service import run
    from shared.settings import Settings

    service = load(name)
    try:
        settings = Settings.from_environment(name, os.environ)
    except ValueError as error:
        raise StartFailed(f"{name} {role}: {error}") from None
    try:
        run(service, settings, role)
    except PolicyError as error:
        raise StartFailed(f"{name} {role}: {error}") from None
    sys.stdout.flush()
