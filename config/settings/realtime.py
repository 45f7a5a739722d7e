"""The channel layer: every group message goes through channels-redis."""

from config.settings.base import ENV

# One shard each, as channels-redis takes its hosts; presence, leases and counters live on the same ones.
REDIS_HOSTS = ENV.redis_hosts

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "realtime.layer.SnugChannelLayer",
        "CONFIG": {
            "hosts": list(REDIS_HOSTS),
            "prefix": "snug",
            "capacity": ENV.channel_capacity,
            "expiry": ENV.channel_expiry,
            "symmetric_encryption_keys": list(ENV.channel_encryption_keys),
        },
    }
}
