"""Everything that is said to Stripe, and the only place that knows its library. What comes back are plain structs."""
