"""Incoming webhooks: an address at which anyone who knows it may post into one room, as one bot."""
