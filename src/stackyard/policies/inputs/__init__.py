"""What policies are told: a document per type, and what they answer to it.

These are a promise to whoever writes policies. `policies.contract` says them in JSON
Schema, and whatever evaluates a policy builds its input from them. Times are Unix
nanoseconds. Fields may be added; none goes, and none becomes null that was not.
"""
