"""The servers that are measured, ours among them: how each is started, and what its clients say to it."""
