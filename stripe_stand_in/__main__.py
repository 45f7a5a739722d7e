"""`python -m stripe_stand_in --port N --data-dir D --webhook-url URL --webhook-secret whsec_…`."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from stripe_stand_in.app import App, Options


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m stripe_stand_in", description="A local stand-in for Stripe. No money moves."
    )
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data-dir", type=Path, required=True, help="where its state is kept")
    parser.add_argument("--webhook-url", default="", help="where events are sent")
    parser.add_argument("--webhook-secret", default="", help="whsec_…, with which they are signed")
    parser.add_argument("--public-url", default="", help="how a browser reaches it (http://localhost:PORT)")
    given = parser.parse_args()
    if bool(given.webhook_url) != bool(given.webhook_secret):
        parser.error("--webhook-url and --webhook-secret go together")
    options = Options(
        data_dir=given.data_dir,
        public_url=(given.public_url or f"http://localhost:{given.port}").rstrip("/"),
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
    )
    # The app says what time it is: not the machine's once time was let pass.
    uvicorn.run(
        App(options),
        host=given.host,
        port=given.port,
        access_log=False,
        log_level="warning",
        date_header=False,
    )


if __name__ == "__main__":
    main()
