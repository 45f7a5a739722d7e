"""Plans bought and paid for. Stripe arrives here, and nowhere else imports it."""
