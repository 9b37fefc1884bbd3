"""Lands one file as `bourne land` does, and prints seconds and peak memory in MiB.

python -m bench.land PREFIX FILE JOURNAL
"""

import json
import os
import re
import sys
import time
from datetime import date
from pathlib import Path

import bourne_assets.cli.console
import bourne_assets.cli.runner  # noqa: F401 - loaded by `bourne land` as well, and takes memory
from bourne_assets.csvs.landing.batch import land_csv_files
from bourne_assets.csvs.landing.tables import DatasetTables
from bourne_assets.iceberg.catalogue import open_catalogue
from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server


def main() -> int:
    """Measure and print."""
    prefix, file, journal = sys.argv[1:]
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    lake = connect_server(os.environ["AWS_ENDPOINT_URL"], keys, os.environ["BUCKET"], prefix)
    tables = DatasetTables(lambda: open_catalogue(lake, Path(journal)))
    start = time.perf_counter()
    landing = land_csv_files(
        [Path(file)], lake, date(2026, 11, 23), tables=tables, journal=Path(journal)
    )
    taken = time.perf_counter() - start
    assert landing.manifest["status"].to_list() == ["landed"], landing.manifest
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = re.search(r"VmHWM:\s+(\d+)", status)
    assert peak is not None
    print(json.dumps([taken, int(peak[1]) / 1024]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
