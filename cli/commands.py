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
events = typer.Typer(help="What the logs hold and what travels.", no_args_is_help=True)
readers = typer.Typer(help="What reads the topics.", no_args_is_help=True)
parked = typer.Typer(help="What waits for an operator.", no_args_is_help=True)
imports = typer.Typer(help="Histories that are taken over.", no_args_is_help=True)
policy = typer.Typer(
    help="What the policies say, what is left open, and what if it were otherwise.", no_args_is_help=True
)
contracts = typer.Typer(help="What was promised to whoever reads the events.", no_args_is_help=True)
log = typer.Typer(help="What a service has recorded.", no_args_is_help=True)
relay = typer.Typer(help="From the log to the topics.", no_args_is_help=True)
app.add_typer(log, name="log")
app.add_typer(relay, name="relay")
app.add_typer(events, name="events")
app.add_typer(readers, name="readers")
app.add_typer(parked, name="parked")
app.add_typer(imports, name="imports")
app.add_typer(contracts, name="contracts")
app.add_typer(policy, name="policy")

Service = Annotated[str, typer.Argument(help=", ".join(SERVICES))]
Reader = Annotated[str, typer.Argument(help="As in exam_chains.")]
Event = Annotated[str, typer.Option("--event", help="The id of one, from `parked list`.")]


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
    from cli.supervisor import Supervisor
    from cli.supervisor import up as run_up

    services = one_of("--only", only.split(","), SERVICES)
    roles = ROLES if role == "all" else one_of("--role", [role], ROLES)
    state: State = context.obj
    run_up(Supervisor(state, services, roles, tell), lambda run: show(run, state))


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
    service: Service,
    role: Annotated[str, typer.Option(help="api, workers or all.")] = "all",
) -> None:
    """One service in the foreground, configured by the environment: what a container runs."""
    from cli.serve import serve as run_service

    one_of("SERVICE", [service], SERVICES)
    one_of("--role", [role], (*ROLES, "all"))
    run_service(service, role)


@app.command()
def status(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Again every second, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """One screen: each process, each reader with its lag, and what is parked."""
    from cli.status import show as show_status

    show_status(context.obj, watch, as_json)


@events.command("show")
def events_show(
    context: typer.Context,
    stream: Annotated[str, typer.Argument(help="As in exam/PERSON/SESSION; `events tail` shows real ones.")],
    at_version: Annotated[int | None, typer.Option("--at-version", help="Up to this version.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="What had been recorded by then: 2024-05-01T08:00Z.")] = None,
) -> None:
    """Every event of a stream, from the log of its service: all, or as of a version or time."""
    from cli.events import show as show_events

    show_events(context.obj, stream, at_version, at)


@events.command("tail")
def events_tail(context: typer.Context) -> None:
    """Events as they are published on Kafka, until Ctrl-C."""
    from cli.events import tail

    tail(context.obj)


@readers.command("list")
def readers_list(context: typer.Context) -> None:
    """Every reader with its version, position and lag."""
    from cli.operations import list_readers

    list_readers(context.obj)


@readers.command("rebuild")
def readers_rebuild(
    context: typer.Context,
    service: Service,
    reader: Reader,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show what differs before the new one is served; `switch` serves it.")
    ] = False,
) -> None:
    """Build a read model again from Kafka, beside the one that is served until the new one takes its place."""
    from cli.operations import rebuild_reader

    rebuild_reader(context.obj, service, reader, compare)


@readers.command("switch")
def readers_switch(context: typer.Context, service: Service, reader: Reader) -> None:
    """Serve a build that was compared."""
    from cli.operations import switch_reader

    tell(switch_reader(context.obj, service, reader))


@readers.command("stop")
def readers_stop(context: typer.Context, service: Service, reader: Reader) -> None:
    """Have a build wait where it is; `rebuild` goes on with it."""
    from cli.operations import stop_build

    tell(stop_build(context.obj, service, reader))


@readers.command("retire")
def readers_retire(context: typer.Context, service: Service, reader: Reader) -> None:
    """Drop a build, or a reader that no release has any more, with its rows."""
    from cli.operations import retire_reader

    tell(retire_reader(context.obj, service, reader))


@readers.command("accept")
def readers_accept(
    context: typer.Context,
    service: Service,
    reader: Annotated[str | None, typer.Argument(help="One of them; without it, all that stand.")] = None,
) -> None:
    """Have the readers of a service take up a log that was restored or replaced: they are built from the new one."""
    from cli.operations import accept_log

    tell(accept_log(context.obj, service, reader))


@readers.command("record")
def readers_record() -> None:
    """Write down what makes the rows of each reader; a test compares it with the versions."""
    from cli.fingerprints import record

    record()


@log.command("renew")
def log_renew(context: typer.Context, service: Service) -> None:
    """After the database of a service was restored or replaced: another id, and its topics made again."""
    from cli.operations import renew_log

    tell(renew_log(context.obj, service))


@relay.command("republish")
def relay_republish(context: typer.Context, service: Service) -> None:
    """Make the topics of a service again from its log, and show how far that is."""
    from cli.operations import republish_topics

    republish_topics(context.obj, service)


@parked.command("list")
def parked_list(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Everything that waits for an operator."""
    from cli.operations import list_parked

    list_parked(context.obj, as_json)


@parked.command("show")
def parked_show(
    context: typer.Context, service: Service, identifier: Annotated[str, typer.Argument(help="From `parked list`.")]
) -> None:
    """One parked event with its error, its content and what was asked for it."""
    from cli.operations import show_parked

    show_parked(context.obj, service, identifier)


@parked.command("retry")
def parked_retry(
    context: typer.Context,
    service: Service,
    reader: Reader,
    stream: Annotated[str, typer.Argument(help="All streams without it.")] = "",
    event: Event = "",
) -> None:
    """Have the parked events of a reader handled again, or the consequences of a reaction."""
    from cli.operations import ask_for, who
    from shared.store import Asking

    asking = Asking(actor=who(), what="retry", reader=reader, stream=stream, event=event)
    tell(ask_for(context.obj, service, asking))


@parked.command("discard")
def parked_discard(
    context: typer.Context,
    service: Service,
    reader: Reader,
    stream: Annotated[str, typer.Argument()],
    reason: Annotated[str, typer.Option(help="Kept on record with your name.")],
    event: Event = "",
) -> None:
    """Have a reader pass over the first parked event of a stream, for ever; it is kept on record."""
    from cli.operations import ask_for, who
    from shared.store import Asking

    asking = Asking(actor=who(), what="discard", reader=reader, stream=stream, event=event, reason=reason)
    tell(ask_for(context.obj, service, asking))


@parked.command("discarded")
def parked_discarded(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """What readers pass over: when, by whom and why."""
    from cli.operations import list_discarded

    list_discarded(context.obj, as_json)


@imports.command("list")
def imports_list(context: typer.Context) -> None:
    """Histories that were taken over; an open one holds its deadlines."""
    from cli.operations import list_imports

    list_imports(context.obj)


@imports.command("end")
def imports_end(
    context: typer.Context,
    service: Service,
    name: Annotated[str, typer.Argument(help="From `imports list`.")],
    reason: Annotated[str, typer.Option(help="Kept on record with your name.")],
) -> None:
    """End an import that was left open: the deadlines that it holds follow at once."""
    from cli.operations import end_import, who

    tell(end_import(context.obj, service, name, who(), reason))


@contracts.command("check")
def contracts_check() -> None:
    """A verdict on each event that is not as it was released; fails where one breaks whoever reads it."""
    from cli.contracts.main import check

    raise typer.Exit(check())


@contracts.command("diff")
def contracts_diff() -> None:
    """What changed since the last release, in words."""
    from cli.contracts.main import diff

    diff()


@contracts.command("write")
def contracts_write() -> None:
    """Write the AsyncAPI documents and JSON Schemas under docs/contracts from the code."""
    from cli.contracts.main import write

    tell(f"{write()} documents written")


@contracts.command("release")
def contracts_release() -> None:
    """Record what the code says now as promised, when it is deployed."""
    from cli.contracts.main import release

    for service, count in release().items():
        tell(f"{service}: {count} events are new or changed" if count else f"{service}: as it was")


@policy.command("open")
def policy_open(context: typer.Context) -> None:
    """The 24 values that the regulations leave open, and what the loaded policies say of each."""
    from cli.policy import open_values

    open_values(context.obj)


@policy.command("lint")
def policy_lint(files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Read policy files as the services do; every line that is wrong is told, and fails."""
    from cli.policy import lint

    raise typer.Exit(min(lint(files), 1))


@policy.command("show")
def policy_show(
    context: typer.Context, name: Annotated[str, typer.Argument(help="A file, or a name such as bonus.")]
) -> None:
    """A policy in words."""
    from cli.policy import show as show_policy

    show_policy(context.obj, name)


@policy.command("diff")
def policy_diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="A file or a name.")],
    new: Annotated[str, typer.Argument(help="Another one.")],
) -> None:
    """What changes from one policy to the other, in words."""
    from cli.policy import diff

    diff(context.obj, old, new)


@policy.command("try")
def policy_try(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    period: Annotated[str, typer.Option(help="As in 2024-05..2024-06, or one month.")],
    studio: Annotated[str, typer.Option(help="All of them without it.")] = "",
    figures: Annotated[Path | None, typer.Option("--json", help="Write the whole report to this file.")] = None,
) -> None:
    """What this policy would have made of recorded months, beside what was decided. Nothing is stored."""
    from cli.policy import try_policy

    since, _, until = period.partition("..")
    try_policy(context.obj, file, since, until or since, studio, figures)


@app.command()
def demo(
    context: typer.Context,
    source: Annotated[
        Path | None, typer.Option("--input", help="A folder of real files; without it a seed makes the same kinds.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is generated.")] = 1,
    small: Annotated[bool, typer.Option("--small", help="A small generated organisation.")] = False,
    leave: Annotated[bool, typer.Option("--exit", help="End when it is told, instead of staying up.")] = False,
    figures: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
) -> None:
    """Start everything, import an organisation's months over the HTTP API and tell what came of it."""
    from cli.demo.main import run as run_demo

    run_demo(context.obj, source=source, seed=seed, leave=leave, figures=figures, small=small)


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What the platform exports: CSV in UTF-8 or GB18030, or XLSX.")],
    kind: Annotated[str, typer.Option("--as", help="What its rows are.")] = "metrics",
) -> None:
    """Take over the figures that the platform exports, into what runs here."""
    from cli.demo.imports import run as run_import

    run_import(context.obj, file, kind)


@app.command()
def explain(
    context: typer.Context,
    result: Annotated[
        str | None,
        typer.Argument(
            help="As in PERSON/2024-05, PERSON/2024-Q2, PERSON/2024, bonus/PERSON/2024-05, penalty/ID, award/ID."
        ),
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    verify: Annotated[bool, typer.Option("--verify", help="Hold it against the logs and the policies.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --verify: all that are stored.")] = False,
) -> None:
    """Why a result is what it is, down to the facts that it rests on; and whether that bears out."""
    from cli.explain import check, tell
    from cli.explain import explain as show_tree
    from services.answering import Language

    one_of("--lang", [lang], ("zh", "en"))
    urls = context.obj.database_urls()
    if result is None and not (verify and everything):
        raise typer.BadParameter("a result is wanted, or --verify --all", param_hint="RESULT")
    if result is not None:
        show_tree(urls, result, Language(lang), context.obj.policies())
    if verify:
        report = check(urls, None if everything else result, context.obj.policies())
        typer.echo(tell(report))
        raise typer.Exit(1 if report.unsound else 0)


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="All without it.")] = None,
    figures: Annotated[Path | None, typer.Option("--json", help="Write a JSON line for each figure.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of each measure, in turns with its twin.")] = 3,
    events: Annotated[int, typer.Option(min=10_000, help="That are relayed, folded, gathered, read again.")] = 100_000,
) -> None:
    """Measure, each beside the same work done by hand in the same run."""
    from cli.bench.figure import Plan
    from cli.bench.main import run as run_bench

    run_bench(names or [], figures=figures, plan=Plan(rounds=rounds, events=events))


@app.command()
def chaos(
    minutes: Annotated[float, typer.Option(help="How long faults are injected.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Of the load and of the faults.")] = 1,
    brokers: Annotated[int, typer.Option(help="1, or 3 that replicate.")] = 1,
    figures: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too.")] = None,
) -> None:
    """Break everything that can break under load, then compare what is there with what must be."""
    from cli.chaos.main import run as run_chaos

    one_of("--brokers", [str(brokers)], ("1", "3"))
    raise typer.Exit(0 if run_chaos(minutes, seed, brokers, figures) else 1)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[ARGUMENTS OF PYTEST]",
)
def test(context: typer.Context) -> None:
    """Every check (ruff, mypy, boundaries), then every test in two processes; what follows is handed to pytest.

    \b
    ./kaibo test                           everything
    ./kaibo test -n 0 tests/supervision    all checks, these tests in one process
    ./kaibo test -k objection -x           tests of this name, until one fails
    """
    from cli.checks import run_all

    raise typer.Exit(run_all(context.args))


@app.command()
def clauses(
    ids: Annotated[list[str] | None, typer.Argument(help="As in T-53: what it says and which tests show it.")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="List the clauses that no test shows.")] = False,
) -> None:
    """Which clauses of the regulations a test shows, by regulation and service; or what some of them say."""
    from cli.clauses import read as read_clauses
    from cli.clauses import show as show_clauses

    if ids:
        read_clauses(ids)
    else:
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
