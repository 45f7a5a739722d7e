"""The guide's one app."""
