"""Who reacts to what: the conversation of the platform with itself, on one screen."""
