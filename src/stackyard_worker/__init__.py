"""The worker: a launcher with slots, and the phases it walks in a sandbox.

Knows the control plane only through `stackyard_protocol`; never imports the server.
"""
