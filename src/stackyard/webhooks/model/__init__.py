"""Who is to be told of runs, and how. Pure."""
