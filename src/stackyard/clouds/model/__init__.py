"""What is kept of ways into clouds. Pure."""
