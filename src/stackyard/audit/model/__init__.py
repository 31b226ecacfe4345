"""What the trail keeps, how it is chained, and where it is sent. Pure."""
