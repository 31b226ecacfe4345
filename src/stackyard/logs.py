"""Logs: one JSON object per line on stdout, whoever wrote it.

Our own events, those of libraries, warnings and tracebacks all pass here. A traceback
is one field of its line, without the values of local variables: those hold secrets.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Final, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

# They tell every request at INFO, with URLs that grant something.
_TALKATIVE: Final = ("httpx", "httpcore", "asyncio", "multipart", "aiomqtt")
_HANDLED: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")


def configure_logs(
    process: str, *, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send everything this process says to *stream* (stdout) as JSON lines."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
    ]
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(
                    ExceptionDictTransformer(show_locals=False, max_frames=30)
                ),
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _take_over(handler, level)


def _named(process: str) -> Processor:
    def add(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        return event

    return add


def _take_over(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _HANDLED:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _report
    threading.excepthook = lambda args: _report(
        args.exc_type, args.exc_value, args.exc_traceback
    )


def _report(
    kind: type[BaseException],
    error: BaseException | None,
    traceback: TracebackType | None,
) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("stackyard").critical(
        "process.failed", exc_info=(kind, error or kind(), traceback)
    )
