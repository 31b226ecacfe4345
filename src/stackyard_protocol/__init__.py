"""What the control plane and its workers say to each other, versioned.

`mqtt.py` is the part that wakes, `job.py` what a worker is told to do, `report.py`
what it answers while doing it, `envelope.py` how a job or a workspace is encrypted to a
pool. Nothing here imports the server or the worker. A field may be added with a
default; anything else is a new version.
"""
