"""Sockets: who may open one, what flows through it, and how it reaches everyone in a room.

`groups`, `events`, `store`, `layer`, `publish`, `presence` and `leases` know nothing of tenants' tables and may be used
by all; `hub`, `consumers`, `middleware` and `server` stand on top of the whole house.
"""
