"""bin/bench: our server beside its peers. See docs/benchmarks.md."""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench import curve, turns, verdicts
from bench.catalogue import BENCHMARKS
from bench.peers import bun, ejabberd, guide, snug, socketio
from bench.report import Section, machine, table, write
from bench.soak import __main__ as soak
from bench.turns import Peer, section
from ops.local.data_dir import default_data_dir
from ops.local.network import raise_file_limit
from ops.local.terminal import run

PEERS: dict[str, Peer] = {
    peer.NAME: peer for peer in (snug, guide.UVICORN, guide.DAPHNE, ejabberd, socketio, bun)
}


def main() -> int:
    if sys.argv[1:2] == ["soak"]:
        return soak.main(sys.argv[2:])
    if sys.argv[1:2] == ["curve"]:
        raise_file_limit()
        return curve.main(PEERS, sys.argv[2:])
    options = _options()
    raise_file_limit()
    folder = (options.data_dir or default_data_dir() / "bench").absolute()
    sections: list[Section] = []
    where = machine()
    for name in options.names or list(BENCHMARKS):
        benchmark = BENCHMARKS[name]
        shape = benchmark.shape(options.connections, options.rate, options.seconds, options.workers)
        peers = [PEERS[peer] for peer in options.peers or benchmark.peers]
        sections.append(section(name, benchmark, shape, peers, options.repeat, folder, options.quiet))
        print(table(sections[-1]), flush=True)
    judged = verdicts.verdicts(sections)
    if judged:
        print(verdicts.table(judged))
    shown = {row.peer for each in sections for row in each.rows}
    versions = {name: peer.describe(folder / "cache") for name, peer in PEERS.items() if name in shown}
    target = folder / "benchmarks.json"
    write(
        target,
        {
            "machine": where,
            "versions": versions,
            "sections": [asdict(each) for each in sections],
            "verdicts": [asdict(each) for each in judged],
        },
    )
    print(*(f"{name}: {value}" for name, value in (where | versions).items()), f"JSON: {target}", sep="\n")
    return 0 if all(row.runs for each in sections for row in each.rows if row.peer == snug.NAME) else 1


def _options(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure Snug beside its peers.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(BENCHMARKS)}; all of them. soak: see bin/bench soak --help",
    )
    parser.add_argument(
        "--connections", type=int, metavar="N", help="clients, instead of each one's own number"
    )
    parser.add_argument("--rate", type=float, metavar="M", help="messages a second in all")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="measured time (10)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="our web processes (1)")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="runs, of which the median is shown"
    )
    parser.add_argument("--quiet", type=float, default=math.inf, metavar="SHARE", help=turns.QUIET)
    parser.add_argument("--peers", help=f"some of {','.join(PEERS)}; otherwise whom each one suits")
    parser.add_argument("--data-dir", type=Path, metavar="D", help="data folder (.snug/bench)")
    options = parser.parse_args(words)
    options.peers = options.peers.split(",") if options.peers else []
    for given, known in ((options.names, BENCHMARKS), (options.peers, PEERS)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"{unknown[0]!r} is not one of {', '.join(known)}")
    if (
        min(options.connections or 1, options.rate or 1, options.seconds, options.repeat, options.workers)
        <= 0
    ):
        parser.error("numbers must be greater than 0")
    return options


if __name__ == "__main__":
    run("bin/bench", main)
