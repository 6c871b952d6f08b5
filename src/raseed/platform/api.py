"""The front door of ``platform``: all that other packages may use, beside ``formats`` and ``jobs``."""

from __future__ import annotations

from . import rows
from .append_only import append_only_trigger_sql
from .audit import AuditPage, AuditRecord, AuditValue, audit_records, audit_trail, record
from .audit import Facts as AuditFacts
from .cursors import CursorValue, decode_cursor, encode_cursor
from .domain import ErrorText, InvalidCursor, SameIdOtherContent, TooManyRequests
from .errors import error_body, error_status, translate_error
from .events import (
    Event,
    FailedDelivery,
    NotYet,
    Payload,
    emit,
    emit_many,
    failed_deliveries,
    replay_delivery,
    subscribe,
)
from .formats import (
    Digits,
    date_text,
    day_month_text,
    digits_text,
    direction,
    isolated,
    moment_text,
    money_text,
    month_text,
    number_text,
    reader_digits,
    time_text,
)
from .gathering import Gatherer
from .jobs import app, growing_pause, run_worker
from .keys import key_text, keyed_hash, secret_text
from .looking_up import look_up
from .progress import Progress, no_progress, progress_on
from .standing import stand_here
from .statements import named_statements, run_statement

__all__ = [
    "AuditFacts",
    "AuditPage",
    "AuditRecord",
    "AuditValue",
    "CursorValue",
    "Digits",
    "ErrorText",
    "Event",
    "FailedDelivery",
    "Gatherer",
    "InvalidCursor",
    "NotYet",
    "Payload",
    "Progress",
    "SameIdOtherContent",
    "TooManyRequests",
    "app",
    "append_only_trigger_sql",
    "audit_records",
    "audit_trail",
    "date_text",
    "day_month_text",
    "decode_cursor",
    "digits_text",
    "direction",
    "emit",
    "emit_many",
    "encode_cursor",
    "error_body",
    "error_status",
    "failed_deliveries",
    "growing_pause",
    "isolated",
    "key_text",
    "keyed_hash",
    "look_up",
    "moment_text",
    "money_text",
    "month_text",
    "named_statements",
    "no_progress",
    "number_text",
    "progress_on",
    "reader_digits",
    "record",
    "replay_delivery",
    "rows",
    "run_statement",
    "run_worker",
    "secret_text",
    "stand_here",
    "subscribe",
    "time_text",
    "translate_error",
]
