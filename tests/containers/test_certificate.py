"""The certificate to begin with."""

import datetime
import subprocess
from pathlib import Path

from cryptography import x509

from ops.local.paths import PROJECT, PYTHON


def certificate(folder: Path, domain: str = "snug.localhost") -> "subprocess.CompletedProcess[str]":
    """The command of docker-compose.yml."""
    return subprocess.run(
        [PYTHON, "-m", "ops.containers.certificate", str(folder), domain],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_made_for_the_portal_and_every_workspace(tmp_path: Path) -> None:
    done = certificate(tmp_path / "new")
    assert (done.returncode, done.stderr) == (0, "")
    chain = x509.load_pem_x509_certificate((tmp_path / "new/fullchain.pem").read_bytes())
    names = chain.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["snug.localhost", "*.snug.localhost"]
    lasts = chain.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=365) < lasts < datetime.timedelta(days=398)
    assert (tmp_path / "new/privkey.pem").stat().st_mode & 0o077 == 0


def test_one_that_is_there_stays(tmp_path: Path) -> None:
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / name).write_text(f"the real {name}")
    done = certificate(tmp_path)
    assert done.returncode == 0
    assert "there already" in done.stdout
    assert (tmp_path / "fullchain.pem").read_text() == "the real fullchain.pem"
    assert (tmp_path / "privkey.pem").read_text() == "the real privkey.pem"


def test_half_of_one_is_no_reason_to_overwrite_it(tmp_path: Path) -> None:
    (tmp_path / "privkey.pem").write_text("the real key")
    done = certificate(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("certificate: ")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "privkey.pem").read_text() == "the real key"
    assert not (tmp_path / "fullchain.pem").exists()
