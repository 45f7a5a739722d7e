"""How passwords are hashed."""

from threading import BoundedSemaphore
from typing import ClassVar

from django.contrib.auth.hashers import Argon2PasswordHasher


class LeanArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, as OWASP advises for servers.

    Django's 100 MiB a try would let two dozen strangers at the sign-in page take the memory that sockets live in.
    """

    _slots: ClassVar = BoundedSemaphore(4)  # a process's cores have no use for more, its memory has no room

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with self._slots:
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        with self._slots:
            return bool(super().verify(password, encoded))
