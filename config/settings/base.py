"""Apps, middleware, templates, mail, security headers."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from config import env as environment

ENV = environment.read()
BASE_DIR = Path(__file__).resolve().parents[2]

SNUG_ENV = ENV.environment
SNUG_BASE_DOMAIN = ENV.base_domain
SNUG_DATA_DIR = ENV.data_dir
SNUG_TRUSTED_PROXIES = ENV.trusted_proxies
DEBUG = False
SECRET_KEY = ENV.secret_key
FIELD_ENCRYPTION_KEYS = ENV.field_encryption_keys

# tenants.middleware answers 404 to every host that is neither the portal nor a tenant, so the list need not.
ALLOWED_HOSTS = ["*"]

SHARED_APPS = [
    "tenants",
    "billing",
    "portal",
    "workspaces",
    # After ours: `migrate` and `create_tenant` must be the ones of this house.
    "django_tenants",
    "procrastinate.contrib.django",
    "django.contrib.staticfiles",
]
# People and sessions live in the tenant's schema alone: a lost tenant then fails closed, with an error.
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "audit",
    "webhooks",
    "accounts",
    "rooms",
    "incoming",
    "moderation",
    "api",
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS, "channels", "realtime", "console", "widget"]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
AUTH_USER_MODEL = "accounts.Member"
AUTHENTICATION_BACKENDS = ["accounts.authentication.StaffBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "tenants.middleware.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Django's own guards against BREACH: it pads every compressed page by a random length.
    "django.middleware.gzip.GZipMiddleware",
    "config.middleware.StaticFilesMiddleware",
    "config.middleware.SecurityHeadersMiddleware",
    "tenants.middleware.HostMiddleware",
    "audit.middleware.ActingMiddleware",
    # Before the tenant's state: a page elsewhere can read a refusal only if CORS lets it.
    "api.middleware.ApiMiddleware",
    "tenants.middleware.TenantStateMiddleware",
    "config.middleware.RefusedMethodMiddleware",
    "config.middleware.TenantSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.TenantAuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "config.urls_tenant"
PUBLIC_SCHEMA_URLCONF = "config.urls_portal"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                ("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])
            ],
        },
    }
]
# Messages ride in a signed cookie: the portal has no session to keep them in.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = ENV.development
# Names carry no hash, so browsers ask each time and mostly hear "not modified": releases never mix.
WHITENOISE_MAX_AGE = 0

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

PASSWORD_HASHERS = ["accounts.passwords.LeanArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "snug_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.public_scheme == "https"
CSRF_COOKIE_NAME = "snug_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
LOGIN_URL = "/login/"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

DEFAULT_FROM_EMAIL = ENV.mail_from
if ENV.email_url:
    _mail = urlsplit(ENV.email_url)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+tls"
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "portal.mailbox.EmlBackend"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "config.logs.Line", "fmt": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        # A refused request is no fault, and its path may be a secret: a link out of a mail.
        "django.request": {"level": "ERROR"},
        "django.security.csrf": {"level": "ERROR"},
        # A thousand fields in a query: Django answers 400, and would write a traceback for each.
        "django.security": {"level": "CRITICAL"},
    },
}
