"""django-tenants' backend, whose pool hands out no connection that has died at rest.

Django would give each dead one to a request, which fails. Its own remedy, CONN_HEALTH_CHECKS, asks the server every
time, and after a restart waits a growing second for each connection that it finds dead.
"""

from typing import Any

from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantWrapper

from tenants.liveness import is_dead


class DatabaseWrapper(TenantWrapper):
    """Named by ENGINE in the settings."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            if self.pool is None or not is_dead(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)  # which makes another in its place
