"""Who did what in a workspace, when and from where: kept in the tenant's schema, in the transaction of the change."""
