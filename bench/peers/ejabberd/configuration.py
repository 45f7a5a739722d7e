"""ejabberd's configuration: no guard against load in the way, and little beside rooms and their archive."""

from urllib.parse import urlsplit

_TEMPLATE = """\
hosts: [localhost]
loglevel: warning
auth_method: [sql]
auth_password_format: plain
disable_sasl_mechanisms: [DIGEST-MD5, X-OAUTH2, SCRAM-SHA-1, SCRAM-SHA-256, SCRAM-SHA-512]
sql_type: pgsql
sql_server: "{host}"
sql_port: {database_port}
sql_database: "{database}"
sql_username: "{user}"
sql_password: "{password}"
sql_pool_size: 10
acl:
  local:
    user_regexp: ""
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    backlog: 4096
    request_handlers:
      /ws: ejabberd_http_ws
modules:
  mod_mam:
    db_type: sql
    default: never
  mod_muc:
    access: all
    access_create: all
    history_size: 0
    max_users: 10000
    max_user_conferences: 10000
    default_room_options:
      mam: true
      persistent: true
      max_users: 10000
"""


def configuration(port: int, database_url: str) -> str:
    """The text of ejabberd.yml."""
    database = urlsplit(database_url)
    return _TEMPLATE.format(
        port=port,
        host=database.hostname,
        database_port=database.port,
        database=database.path.strip("/"),
        user=database.username,
        password=database.password,
    )
