"""Connections and transactions."""

from stackyard.adapters.postgres.database import Database

__all__ = ["Database"]
