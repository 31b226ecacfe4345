"""The Common Expression Language, in a process of its own."""

from stackyard.adapters.expressions.cel import CelExpressions

__all__ = ["CelExpressions"]
