"""Requests to addresses that customers chose: never into a network of ours.

`urls` says which addresses are taken, `addresses` which networks are refused, `client` resolves a name once and
connects to exactly the address that was checked, while TLS checks the name. Against what: docs/subsystems/webhooks.md.
"""

from outbound.client import Answer, Client, Failed, Resolve, check_name, look_up
from outbound.urls import Refused, checked

__all__ = ["Answer", "Client", "Failed", "Refused", "Resolve", "check_name", "checked", "look_up"]
