"""People and machines of one tenant: staff, users, guests, bots; their keys, tokens and sessions."""
