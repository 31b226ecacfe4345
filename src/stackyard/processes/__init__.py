"""The long-running commands: each module here is one process's `main`."""
