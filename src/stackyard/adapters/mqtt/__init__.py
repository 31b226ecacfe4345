"""The built-in MQTT broker, and how a message finds the replica that holds a worker.

Start with `broker.py` for what it serves and what it refuses, then `session.py` for the
life of a connection and `fanout.py` for the way from a transaction to a worker.
"""

from stackyard.adapters.mqtt.broker import Authenticate, Broker, Received
from stackyard.adapters.mqtt.courier import BrokerCourier
from stackyard.adapters.mqtt.fanout import Fanout
from stackyard.adapters.mqtt.limits import Limits

__all__ = [
    "Authenticate",
    "Broker",
    "BrokerCourier",
    "Fanout",
    "Limits",
    "Received",
]
