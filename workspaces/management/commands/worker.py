"""`manage.py worker`: carries out background jobs until SIGTERM."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

from tenants.database import pool_for_jobs


class Command(BaseCommand):
    help = "Carries out background jobs (opening workspaces, sending mail) until it is told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4)

    def handle(self, *args: Any, **options: Any) -> None:
        connector = PsycopgConnector(pool_factory=pool_for_jobs, kwargs=connector_params())
        with app.replace_connector(connector) as worker:
            worker.run_worker(
                concurrency=options["concurrency"],
                install_signal_handlers=True,
                delete_jobs="successful",
                shutdown_graceful_timeout=20,
            )
