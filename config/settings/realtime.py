"""The channel layer: every group message goes through channels-redis."""

from config.settings.base import ENV

REDIS_URLS = ENV.redis_urls

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "realtime.layer.SnugChannelLayer",
        "CONFIG": {
            "hosts": list(ENV.redis_urls),
            "prefix": "snug",
            **(
                {"symmetric_encryption_keys": list(ENV.channel_encryption_keys)}
                if ENV.channel_encryption_keys
                else {}
            ),
        },
    }
}
