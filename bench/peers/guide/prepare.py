"""`python -m bench.peers.guide.prepare N`: empty tables and N users; prints a token for each, a line each."""

import sys
from typing import Any

import django
import jwt
from django.conf import settings

from bench.peers.guide.tables import SCHEMA


def main(users: int) -> None:
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from bench.peers.guide.chat.models import Message

    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Message)
    made: list[Any] = User.objects.bulk_create(
        User(username=f"user{number}", password="!") for number in range(users)
    )
    for user in made:
        print(jwt.encode({"user_id": user.pk}, settings.SECRET_KEY, "HS256"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
