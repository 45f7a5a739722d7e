"""`manage.py worker`: carries out background jobs and delivers webhooks until SIGTERM."""

import asyncio
import contextlib
import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

from outbound import Client
from tenants.database import close_pool, pool_for_jobs
from webhooks.courier import Courier
from webhooks.targets import local_allowed
from workspaces.actions import stop_webhook

logger = logging.getLogger("snug.webhooks")


class Command(BaseCommand):
    help = "Carries out background jobs (opening workspaces, mail) and delivers webhooks until it is told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4)

    def handle(self, *args: Any, **options: Any) -> None:
        connector = PsycopgConnector(pool_factory=pool_for_jobs, kwargs=connector_params())
        with app.replace_connector(connector) as jobs:
            asyncio.run(_work(jobs, options["concurrency"]))


async def _work(jobs: App, concurrency: int) -> None:
    courier = Courier(Client(local_allowed=local_allowed()), stop_webhook)
    delivering = asyncio.create_task(_deliver(courier))
    try:
        async with jobs.open_async():
            await jobs.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=True,
                delete_jobs="successful",
                shutdown_graceful_timeout=20,
            )
    finally:
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(15):
                await courier.close()
        await close_pool()


async def _deliver(courier: Courier) -> None:
    while True:
        try:
            await courier.run()
        except Exception:  # a fault of ours: jobs go on, and so do deliveries
            logger.exception("the courier begins anew")
        await asyncio.sleep(1)
