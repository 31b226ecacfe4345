"""What people do with pools, and what workers do with themselves."""

from stackyard.workers.service.pools import Endpoints, Pools
from stackyard.workers.service.workers import Workers

__all__ = ["Endpoints", "Pools", "Workers"]
