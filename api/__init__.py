"""What a tenant's own engineers call: REST, version 1."""
