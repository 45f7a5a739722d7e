"""Delivering what is owed: `claims` takes it out of a tenant's tables and writes down what became of it, `sending`
makes the request, `rounds` goes from tenant to tenant."""

from webhooks.courier.rounds import Courier

__all__ = ["Courier"]
