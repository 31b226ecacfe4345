"""What modules and their versions are and must keep to. Pure."""
