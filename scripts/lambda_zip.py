"""Build the zip of the AWS Lambda function, the same bytes for the same lock and sources.

Wheels come from deploy/lambda/requirements.lock, for Lambda's Python and Linux; what the function
never opens is left out, for Lambda takes 250 MiB unzipped.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "deploy" / "lambda" / "requirements.lock"
TARGET = ROOT / "build" / "bourne-lambda.zip"
PYTHON = "3.13"
#: AWS: "Deployment package (.zip file archive) size: 250 MB (unzipped, including layers)".
LARGEST_UNZIPPED = 250 * 1024 * 1024
#: The oldest date that a zip can hold.
_DATE = (1980, 1, 1, 0, 0, 0)
#: glibc of Lambda's Amazon Linux 2023 is 2.34.
_LINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_UNUSED = re.compile(
    r"""
    (^|/)(tests?|__pycache__|include|includes|examples?)/   # of any package
    | \.(pyi|pyx|pxd|pxi|h|hpp|c|cpp|cmake)$
    | \.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$
    | ^bin/
    | ^pyarrow/(libarrow_flight|_flight|libarrow_s3|_s3fs|_gcsfs|_azurefs|src/)
    | ^pyarrow/libarrow_python\.so(\.\d+\.\d+.*)?$          # copies of libarrow_python.so.<major>
    | ^botocore/data/(?!(s3|sts|secretsmanager|lambda|sso|sso-oidc|signin)/)[^/]+/
    | ^boto3/(examples|data)/(?!s3/)
    | ^bourne_assets/data/sample_csvs/
    """,
    re.VERBOSE,
)


def main() -> int:
    """Build, check the size, say what it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=PYTHON, metavar="X.Y")
    parser.add_argument("--architecture", default="x86_64", choices=["x86_64", "aarch64"])
    parser.add_argument("--output", type=Path, default=TARGET)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as wheels:
        install(Path(wheels), options.python, options.architecture)
        size = pack(Path(wheels), options.output)
    digest = hashlib.sha256(options.output.read_bytes()).hexdigest()
    zipped = options.output.stat().st_size
    print(f"{options.output}: Python {options.python}, {options.architecture}")
    print(f"{zipped / 2**20:.1f} MiB, {size / 2**20:.1f} MiB unzipped of 250; sha256 {digest}")
    if size > LARGEST_UNZIPPED:
        sys.stderr.write("This is more than AWS Lambda takes: 250 MiB unzipped.\n")
        return 1
    return 0


def install(folder: Path, python: str, architecture: str) -> None:
    """The wheels of the lock, for Lambda and not for this machine."""
    platforms = [part for name in _LINUX for part in ("--platform", f"{name}_{architecture}")]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--target", folder, "--no-compile", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python),
            *platforms,
            *("--requirement", LOCK),
        ],
        check=True,
    )


def pack(wheels: Path, target: Path) -> int:
    """Zip what the function uses of the wheels, and the package, in an order that never changes.

    Returns:
        Bytes of all files, unzipped.
    """
    found = [(wheels, path) for path in wheels.rglob("*")]
    found += [(ROOT, path) for path in (ROOT / "bourne_assets").rglob("*")]
    files = {str(path.relative_to(top)): path for top, path in found if path.is_file()}
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            if not _UNUSED.search(name):
                data = files[name].read_bytes()
                entry = zipfile.ZipInfo(name, _DATE)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
                size += len(data)
    return size


if __name__ == "__main__":
    sys.exit(main())
