"""How long to wait before the next try, when somebody else is away."""

import random
from collections.abc import Iterator


def delays(first: float = 0.1, most: float = 5.0) -> Iterator[float]:
    """Yield for ever: doubling up to *most*, jittered so that a fleet spreads out."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret about it
        delay = min(delay * 2, most)
