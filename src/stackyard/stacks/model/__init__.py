"""What a stack is and what it must keep to. Pure: tested without a database."""
