"""Stands in for the product where the launcher itself is tested: the same commands, nothing behind them."""

import json
import os
import signal
import sys

import psycopg


def main(command: str, *words: str) -> None:
    if command == "migrate":
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS django_migrations (name text)")
            connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        sys.stdout.write("migrated\n")
    elif command == "seed_demo":
        port = os.environ["SNUG_PUBLIC_PORT"]
        demo = {
            "slug": "acme",
            "name": "Acme",
            "plan": "pro",
            "url": f"http://acme.localhost:{port}/console/",
        }
        demo |= {"owner_email": "alice@acme.example", "owner_password": "correct horse"}
        json.dump([demo], sys.stdout)
    elif command == "sync_stripe":
        with open(os.path.join(os.environ["SNUG_DATA_DIR"], "synced"), "a") as file:
            file.write(f"{os.environ['STRIPE_API_BASE']} {os.environ['STRIPE_SECRET_KEY']}\n")
    elif command == "worker":
        signal.pause()
    elif command == "write":
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO note VALUES (%s)", [words[0]])
    elif command == "read":
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            sys.stdout.writelines(f"{text}\n" for (text,) in connection.execute("SELECT text FROM note"))
    elif command == "exit":
        sys.exit(int(words[0]))
    elif command == "check" and "MALFORMED" in os.environ:
        sys.exit("snug: MALFORMED is not a number")


if __name__ == "__main__":
    main(*sys.argv[1:])
