"""bin/dev: the whole product on this machine, from one command."""

import argparse
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from ops.local import demo
from ops.local.data_dir import Running, default_data_dir
from ops.local.named_servers import check_database, check_redis
from ops.local.stack import Stack
from ops.local.terminal import Terminal, run


def main() -> int:
    options = _options()
    terminal = Terminal()
    stack = Stack(
        options.data_dir,
        web_workers=options.workers,
        port=options.port,
        database_url=os.environ.get("DATABASE_URL") or None,
        redis_url=os.environ.get("REDIS_URL") or None,
        own_stripe=not os.environ.get("STRIPE_SECRET_KEY"),
        holder="bin/dev",
        report=lambda line: terminal.line(f"  {line}"),
    )
    _stop_on_signals()
    stack.open()
    try:
        terminal.line(f"Snug, with its data in {stack.data_dir.path}")
        started = time.monotonic()
        demos = _start(stack, terminal, with_demo=options.demo)
        terminal.line(f"Ready in {time.monotonic() - started:.1f} s. Ctrl-C stops all of it.")
        _welcome(terminal, stack, demos)
        threading.Event().wait()
    except KeyboardInterrupt:
        terminal.line()
    finally:
        with terminal.step("Stopping"):
            stack.data_dir.withdraw()
            stack.stop()
    return 0


def _start(stack: Stack, terminal: Terminal, *, with_demo: bool) -> list[demo.Workspace]:
    with terminal.step("Database and Redis"):
        check_database(stack.database_url)
        check_redis(stack.redis_url)
        stack.start_parts()
    with terminal.step("Database tables"):
        stack.migrate()
    stack.start_web()  # it gets ready while the demo is made
    demos = demo.known(stack) if with_demo else []
    if demos is None:
        with terminal.step("Demo workspaces"):
            demos = demo.make(stack)
    if stack.stripe is not None:
        with terminal.step("Stand-in for Stripe"):
            stack.start_stripe()
    with terminal.step("Web processes and worker"):
        stack.wait_until_ready()
        if not demo.all_there(stack, demos):
            demos = demo.make(stack)
    stack.data_dir.remember(web_port=stack.web_port)
    stack.data_dir.announce(Running(os.getpid(), stack.own_env))
    return demos


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/dev",
        description="Set up and start all of Snug: database, Redis, web processes, worker, demo workspaces.",
    )
    parser.add_argument("--port", type=_port, default=8000, metavar="N", help="web port (8000)")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=default_data_dir(),
        metavar="D",
        help="where all data is kept (SNUG_DATA_DIR, or .snug in the project)",
    )
    parser.add_argument("--workers", type=_count, default=2, metavar="N", help="web processes (2)")
    parser.add_argument(
        "--no-demo", dest="demo", action="store_false", help="do not make the demo workspaces"
    )
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 (any free one) to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("a number from 1 to 64 is needed")
    return int(text)


def _stop_on_signals() -> None:
    """The first signal stops everything in order. A second one ends us at once, and the kernel the rest."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, lambda number, frame: os._exit(128 + number))
        raise KeyboardInterrupt

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)


def _welcome(terminal: Terminal, stack: Stack, demos: list[demo.Workspace]) -> None:
    portal = f"http://localhost:{stack.web_port}"
    rows = [("Sign up", f"{portal}/"), ("Mail it sends", f"{portal}/dev/mail/")]
    for each in demos:
        rows.append((f"{each['name']} ({each['plan']})", each["url"]))
        rows.append(("", f"{each['owner_email']}  {each['owner_password']}"))
    if stack.stripe is not None:
        rows.append(
            ("Stand-in for Stripe", f"{stack.stripe.url}/  (no money moves; card 4242 4242 4242 4242)")
        )
    rows.append(("Logs", str(stack.data_dir.logs)))
    width = max(len(label) for label, _ in rows) + 2
    terminal.line()
    for label, value in rows:
        terminal.line(f"  {label.ljust(width)}{value}")
    terminal.line()


if __name__ == "__main__":
    run("bin/dev", main)
