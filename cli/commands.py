"""The `kaibo` command."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from cli.state import DEFAULT, ROLES, SERVICES, Run, State, describe
from deploy.local.processes import StartFailed, until

DOWN_SECONDS = 90.0

app = typer.Typer(
    help="Kaibo: training, supervision, performance and people of a live-streaming organisation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def directory(
    context: typer.Context,
    state: Annotated[
        Path, typer.Option("--directory", envvar="KAIBO_DIRECTORY", help="Where this Kaibo keeps what it stores.")
    ] = DEFAULT,
) -> None:
    """Every command speaks of one `.kaibo` directory."""
    context.obj = State(state.absolute())


@app.command()
def up(
    context: typer.Context,
    only: Annotated[str, typer.Option(help="Services, with commas between.")] = ",".join(SERVICES),
    role: Annotated[str, typer.Option(help="api, workers or all.")] = "all",
) -> None:
    """Start everything and keep it running until Ctrl-C; what was stored before is there again."""
    from cli.supervisor import up as run_up

    services = one_of("--only", only.split(","), SERVICES)
    roles = ROLES if role == "all" else one_of("--role", [role], ROLES)
    state: State = context.obj
    run_up(state, services, roles, tell, lambda run: show(run, state))


@app.command()
def down(context: typer.Context) -> None:
    """End what `kaibo up` started, in order."""
    import os

    state: State = context.obj
    pid = state.holder_pid()
    if pid is None:
        tell(f"Nothing runs on {state.directory}")
        return
    os.kill(pid, signal.SIGTERM)
    for _ in until(DOWN_SECONDS):
        if state.holder_pid() is None:
            tell("Stopped")
            return
    raise StartFailed(f"Process {pid} did not end within {DOWN_SECONDS:.0f} s. See {state.directory / 'logs'}.")


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help=", ".join(SERVICES))],
    role: Annotated[str, typer.Option(help="api, workers or all.")] = "all",
) -> None:
    """One service in the foreground, configured by the environment: what a container runs."""
    from cli.serve import serve as run_service

    one_of("SERVICE", [service], SERVICES)
    one_of("--role", [role], (*ROLES, "all"))
    run_service(service, role)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def test(context: typer.Context) -> None:
    """Every check and test; what follows is handed to pytest."""
    from cli.checks import run_all

    raise typer.Exit(run_all(context.args))


@app.command()
def clauses(
    missing: Annotated[bool, typer.Option("--missing", help="List the clauses that no test shows.")] = False,
) -> None:
    """Which clauses of the regulations a test shows, by regulation and service."""
    from cli.clauses import show as show_clauses

    show_clauses(missing)


def one_of(option: str, given: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """What was given, if all of it is known."""
    unknown = [name for name in given if name not in known]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: one of {', '.join(known)} is wanted", param_hint=option)
    return tuple(name for name in known if name in given)


def tell(line: str) -> None:
    """One line for the person at the terminal."""
    typer.echo(f"kaibo: {line}")


def show(run: Run, state: State) -> None:
    """What runs and where to look."""
    for name, service in run.services.items():
        if "api" in service.pids:
            tell(f"{name:12} {service.url}/docs")
    tell(f"{'Kafka':12} {run.kafka.bootstrap_servers}")
    tell(f"Ready. Logs: {state.directory / 'logs'}. `kaibo status` in another terminal; Ctrl-C drains and ends.")


def main() -> None:
    """Errors that somebody can do something about are a sentence, all others a traceback."""
    try:
        app(prog_name="kaibo")
    except StartFailed as error:
        typer.echo(f"kaibo: {error}", err=True)
        raise SystemExit(1) from None
    except OSError as error:
        typer.echo(f"kaibo: {describe(error)}", err=True)
        raise SystemExit(1) from None
