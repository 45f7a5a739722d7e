"""Where files are kept: a folder, or an object store that speaks S3."""

from importlib.util import find_spec

from config.env import ConfigurationError
from config.settings.base import ENV

FILES_ARE_LOCAL = ENV.media is None
_STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

if ENV.media is None:
    STORAGES = {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": ENV.data_dir / "files",
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        },
        "staticfiles": _STATIC,
    }
else:
    if find_spec("storages") is None:
        raise ConfigurationError("MEDIA_URL needs packages of its own: uv sync --extra s3 installs them")
    STORAGES = {
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": ENV.media.bucket,
                "location": ENV.media.prefix,
                "access_key": ENV.media.key,
                "secret_key": ENV.media.secret,
                "region_name": ENV.media.region,
                "endpoint_url": ENV.media.endpoint,
                # Nobody reads it but by a URL that was signed; no object is ever written over.
                "default_acl": None,
                "querystring_auth": True,
                "file_overwrite": True,
                "signature_version": "s3v4",
            },
        },
        "staticfiles": _STATIC,
    }
# Uploads under way. In memory, which /tmp often is, a few large ones would be too much.
FILE_UPLOAD_TEMP_DIR = ENV.data_dir / "uploads"
# The web process makes the folder when it starts.
SILENCED_SYSTEM_CHECKS = ["files.E001"]
