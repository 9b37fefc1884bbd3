"""Sends files as a landing does, without reading them: what `bench.landing` compares with others.

The journal is kept from run to run, as that of `bourne land` is.

python -m bench.send PREFIX JOURNAL FILE...
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.opening import open_csv
from bourne_assets.csvs.landing.journal import Journal
from bourne_assets.csvs.landing.upload import PendingUpload, Uploader
from bourne_assets.csvs.reading.scan import scan
from bourne_assets.lake.embedded.seaweedfs import Credentials, connect_server
from bourne_assets.lake.keys import LANDED_CSVS, dataset_name


def main() -> int:
    """Scan, hash, send, and have the server prove what arrived."""
    prefix, folder, *names = sys.argv[1:]
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    lake = connect_server(os.environ["AWS_ENDPOINT_URL"], keys, os.environ["BUCKET"], prefix)
    known = lake.folders(LANDED_CSVS)
    with Journal(Path(folder), lake) as journal:
        sender = Uploader(lake, date(2026, 11, 23), journal, lambda _: None)

        def send(name: str) -> None:
            file = CsvFile.of(Path(name))
            is_new = dataset_name(file.path.name) not in known
            with open_csv(file) as opened:
                found = scan(opened.path, size=opened.stamp.size)
                sender.send(PendingUpload(file.path.name, opened, found, is_new))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, names))
        sender.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
