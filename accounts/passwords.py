"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class LeanArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, as OWASP advises for servers.

    Django's 100 MiB a try would let two dozen strangers at the sign-in page take the memory that sockets live in.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
