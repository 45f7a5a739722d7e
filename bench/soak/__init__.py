"""The soak: steady mixed traffic for a long time, and whether anything grows that should not."""
