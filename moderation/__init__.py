"""What people report about messages, and what staff make of it."""
