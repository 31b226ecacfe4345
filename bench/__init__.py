"""Measurements. Each is written beside a floor that was measured in the same run."""
