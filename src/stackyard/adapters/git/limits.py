from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one push, one transfer and one piece of work may take."""

    push_bytes: int = 1024**3
    transfer_seconds: float = 1800
    work_seconds: float = 300
