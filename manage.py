#!/usr/bin/env python
"""Django's command line; `bin/manage` runs it in the project's own environment."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import psycopg
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from config.env import ConfigurationError

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        sys.exit(f"snug: {error}")
    except (OperationalError, psycopg.OperationalError) as error:
        why = str(error).strip().partition("\n")[0]
        sys.exit(f"snug: the database does not answer: {why}")


if __name__ == "__main__":
    main()
