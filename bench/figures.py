"""Figures and where they are kept."""

import json
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Return what is quoted of many measurements, in their own unit."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered), digits),
        "p99": round(ordered[min(last, round(last * 0.99))], digits),
        "min": round(ordered[0], digits),
        "max": round(ordered[-1], digits),
    }


def write(name: str, figures: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    about = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    text = json.dumps(about | figures, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(f"{name}: {text}")
