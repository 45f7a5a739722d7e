"""Who the tenants are, what their plan entitles them to, and the one door into a tenant's schema."""
