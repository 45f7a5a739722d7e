"""Running Snug: on one machine (ops.local), and everything that deploys it."""
