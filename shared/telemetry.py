"""What operations people watch: structured logs and metrics. No Personal value is in either."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

READER_EVENTS = Counter("kaibo_reader_events_total", "Events that took effect.", ["reader"])
READER_LAG_SECONDS = Gauge("kaibo_reader_lag_seconds", "Age of the last record that took effect.", ["reader"])
READER_PARKED = Gauge("kaibo_reader_parked", "Events that wait for an operator or behind one that does.", ["reader"])
READER_STOPPED = Gauge("kaibo_reader_stopped", "1 while a reader stands still until an operator acts.", ["reader"])
CONSEQUENCES = Counter("kaibo_consequences_total", "Commands of reactions by outcome.", ["reaction", "outcome"])
DUE_LATENESS = Gauge("kaibo_due_lateness_seconds", "How late the last due row was taken up.", ["reaction"])
DUE_FAILED = Counter("kaibo_due_failed_total", "Due rows that wait for an operator.", ["reaction"])
COMMANDS = Counter("kaibo_commands_total", "Commands by outcome.", ["command", "outcome"])
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
