"""Webhooks out: what happened in a workspace, told to its own servers.

`emit` writes an event and what is owed of it in the transaction of the change itself; the courier (`webhooks.courier`)
delivers, in order within a room. This room knows nothing of what it tells of: accounts, rooms and billing emit into it.
How it works: docs/subsystems/webhooks.md.
"""
