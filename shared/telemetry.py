"""What operations people watch: structured logs and metrics. No Personal value is in either."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

READER_EVENTS = Counter("kaibo_reader_events_total", "Events that took effect.", ["reader"])
READER_RECORDS = Counter("kaibo_reader_records_total", "Records that were passed: its rate of draining.", ["reader"])
READER_LAG = Gauge("kaibo_reader_lag_records", "Records of its topics that it has not passed.", ["service", "reader"])
READER_LAG_SECONDS = Gauge("kaibo_reader_lag_seconds", "For how long it has not had everything.", ["service", "reader"])
READER_FROZEN = Gauge(
    "kaibo_reader_frozen", "1 while it is behind and has not moved for a minute.", ["service", "reader"]
)
READER_PARKED = Gauge(
    "kaibo_reader_parked", "Events that wait for an operator or behind one that does.", ["service", "reader"]
)
READER_PARKED_SECONDS = Gauge(
    "kaibo_reader_parked_oldest_seconds", "How long the oldest of them waits.", ["service", "reader"]
)
BUILD_DONE = Gauge(
    "kaibo_build_done_ratio", "How much of what is served a build beside it has read.", ["service", "reader"]
)
BUILD_RATE = Gauge(
    "kaibo_build_positions_per_second", "Of a build, since it was first looked at.", ["service", "reader"]
)
BUILD_LEFT = Gauge(
    "kaibo_build_left_seconds", "Until a build is level, at that rate; NaN while it stands.", ["service", "reader"]
)
RELAY_LAG = Gauge("kaibo_relay_lag_events", "Events of the log that are not published yet.", ["service"])
RELAY_FROZEN = Gauge(
    "kaibo_relay_frozen", "1 while there is something to publish and nothing was for a minute.", ["service"]
)
DUE_OLDEST = Gauge(
    "kaibo_due_oldest_seconds", "How late the oldest consequence is that nothing holds back.", ["service"]
)
DUE_STUCK = Gauge("kaibo_due_stuck", "Consequences that failed and wait for an operator.", ["service"])
DUE_WAITING = Gauge("kaibo_due_waiting_for_policy", "Consequences that follow once a policy is set.", ["service"])
IMPORT_OLDEST = Gauge(
    "kaibo_import_oldest_seconds", "For how long the oldest open import holds its deadlines.", ["service"]
)
STORE_UP = Gauge("kaibo_store_up", "1 while the database answers.", ["service"])
BROKER_UP = Gauge("kaibo_broker_up", "1 while the broker answers.", ["service"])
READER_STOPPED = Gauge("kaibo_reader_stopped", "1 while a reader stands still until an operator acts.", ["reader"])
CONSEQUENCES = Counter("kaibo_consequences_total", "Commands of reactions by outcome.", ["reaction", "outcome"])
DUE_LATENESS = Gauge("kaibo_due_lateness_seconds", "How late the last due row was taken up.", ["reaction"])
DUE_FAILED = Counter("kaibo_due_failed_total", "Due rows that wait for an operator.", ["reaction"])
COMMANDS = Counter("kaibo_commands_total", "Commands by outcome.", ["command", "outcome"])
OVERLOADED = Counter("kaibo_http_overloaded_total", "Requests that were sent away unread: too many at once.")
REQUEST_SECONDS = Histogram("kaibo_http_request_seconds", "Time to answer.", ["route", "status"])


def configure(form: str, service: str, role: str) -> None:
    """`json` for machines, `text` for a terminal. Every line carries service and role."""
    final = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *final,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service, role=role)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
