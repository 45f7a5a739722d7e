"""A certificate to begin with: `python -m ops.containers.certificate FOLDER DOMAIN`.

Writes fullchain.pem and privkey.pem for DOMAIN and everything one level below it, signed by nobody but itself. Where a
certificate is already, it stays: put your own there.
"""

import argparse
import datetime
import os
import sys
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CHAIN: Final = "fullchain.pem"
KEY: Final = "privkey.pem"
# Browsers take none that lasts longer than 398 days.
_LASTS: Final = datetime.timedelta(days=397)


class HalfThereError(Exception):
    """Of certificate and key only one is in the folder."""


def make(folder: Path, domain: str) -> bool:
    """Make certificate and key unless they are there; whether they were made. Raises HalfThereError."""
    chain, key = folder / CHAIN, folder / KEY
    there = [path.name for path in (chain, key) if path.exists()]
    if len(there) == 2:
        return False
    if there:
        raise HalfThereError(
            f"{folder} holds {there[0]} alone: put both {CHAIN} and {KEY} there, or neither."
        )
    folder.mkdir(parents=True, exist_ok=True)
    secret = ec.generate_private_key(ec.SECP256R1())
    secret_pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, secret_pem, 0o600)
    _write(chain, _signed(secret, domain).public_bytes(serialization.Encoding.PEM), 0o644)
    return True


def _signed(secret: ec.EllipticCurvePrivateKey, domain: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain[:64])])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _LASTS)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(domain), x509.DNSName(f"*.{domain}")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """The key is readable by nobody else from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ops.containers.certificate", description="A certificate to begin with."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("domain")
    wanted = parser.parse_args()
    try:
        made = make(wanted.folder, wanted.domain)
    except (HalfThereError, OSError) as error:
        sys.exit(f"certificate: {error}")
    what = "made, signed by itself: browsers will warn" if made else "there already"
    sys.stdout.write(f"certificate for {wanted.domain}: {what}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
