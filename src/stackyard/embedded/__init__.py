"""What `stackyard up` brings along, so that one machine needs nothing else."""
