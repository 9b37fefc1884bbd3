"""The files of one dataset in a batch, from the first reading of their bytes to the last.

Not here: what is made of them (`dataset`).
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from bourne_assets.csvs.intake.files import CsvFile
from bourne_assets.csvs.intake.opening import Stamp
from bourne_assets.csvs.landing.manifest import DatasetOutcome
from bourne_assets.csvs.landing.profile import FileFacts, Profile, read_profile
from bourne_assets.csvs.options import DatasetOptions
from bourne_assets.csvs.reading.reader import Reading
from bourne_assets.csvs.reading.scan import Scan
from bourne_assets.lake.store import Lake


@dataclass(frozen=True)
class ScannedFile:
    """A file whose bytes have been scanned.

    Attributes:
        file: The file.
        stamp: What it was then.
        scan: What is in its bytes.
    """

    file: CsvFile
    stamp: Stamp
    scan: Scan


@dataclass(frozen=True)
class LandedFile:
    """A file whose bytes are in the lake.

    Attributes:
        source: The file.
        facts: What is known of it.
        reading: What was read of it now; None where that was known.
        corrected: Rows of its lines that were corrected, a Parquet file; None where there are none.
    """

    source: ScannedFile
    facts: FileFacts
    reading: Reading | None = None
    corrected: Path | None = None


class DatasetBatch:
    """The files of one dataset in a batch.

    Args:
        name: Name of the dataset.
        options: What the user declared of it.
        is_new: Whether it has no objects in the lake yet.

    Attributes:
        is_single: Whether it has no more than one file.
        outcome: The outcome for its table.
    """

    def __init__(self, name: str, options: DatasetOptions, *, is_new: bool) -> None:
        self.name = name
        self.options = options
        self.is_new = is_new
        self.is_single = True
        self.outcome = DatasetOutcome()
        self._landed: dict[str, LandedFile] = {}
        self._expected: set[str] = set()
        self._is_claimed = False
        self._last_profile: Profile | None = None
        self._has_last_profile = is_new
        self._lock, self._reading = Lock(), Lock()

    def expect(self, name: str) -> None:
        """Note a file of the dataset that is to come."""
        self._expected.add(name)
        self.is_single = len(self._expected) == 1

    def add(self, landed: LandedFile) -> None:
        """Note a file that was landed."""
        with self._lock:
            self._landed[landed.facts.file] = landed
            self._expected.discard(landed.facts.file)

    def reject(self, name: str) -> None:
        """Note a file that was not."""
        with self._lock:
            self._expected.discard(name)

    def claim_if_complete(self) -> bool:
        """Whether no file is waited for; true for the first caller, and for nobody after."""
        with self._lock:
            if self._expected or self._is_claimed:
                return False
            self._is_claimed = True
            return True

    def last_profile(self, lake: Lake) -> Profile | None:
        """The profile of the landing before this one.

        Raises:
            LakeError: The lake failed.
        """
        with self._reading:
            if not self._has_last_profile:
                self._last_profile = read_profile(lake, self.name)
                self._has_last_profile = True
            return self._last_profile

    @property
    def landed(self) -> list[LandedFile]:
        """The files that were landed, in order of their names."""
        with self._lock:
            return [self._landed[name] for name in sorted(self._landed)]
