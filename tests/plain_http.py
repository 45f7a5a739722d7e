"""What httpx is to trust: next to nothing here speaks TLS, and by default each client loads all the world's
certificates, which takes 22 ms of CPU."""

import ssl
from typing import Final

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
