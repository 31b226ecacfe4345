"""Fakes, makers and real servers for tests.

Fakes live behind the same contract tests as the real thing.
"""
