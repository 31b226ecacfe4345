"""What is not the graph: state, git, worker calls, sign-in, health."""
