"""The graph: where slices meet. No rules of its own."""
