"""Where the code of an asset is, and of which commit, for the asset's page.

Not here: versions of the code (`code_version`, which each asset states).
"""

import inspect
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

import bourne_assets
from bourne_assets.defs.shared.naming import Assets

#: Definition metadata of every asset: the commit of the clone that it was loaded from.
COMMIT = "commit"


def with_code(assets: Assets) -> Assets:
    """The assets, each with the file and line of its function, and with the commit."""
    commit = commit_of(Path(bourne_assets.__file__).parents[1])
    of_all = {COMMIT: commit} if commit else {}

    def located(asset: dg.AssetsDefinition | dg.AssetSpec) -> dg.AssetsDefinition | dg.AssetSpec:
        if isinstance(asset, dg.AssetSpec):
            return asset.merge_attributes(metadata=of_all)
        metadata = {**of_all, **_reference(asset)}
        return asset.map_asset_specs(lambda spec: spec.merge_attributes(metadata=metadata))

    return [located(each) for each in assets]


@cache
def commit_of(project: Path) -> str | None:
    """The commit that a clone is on, read from its `.git`; None where it is not a clone."""
    try:
        folder = project / ".git"
        if folder.is_file():  # a work tree of another clone
            folder = project / folder.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head
        name = head.removeprefix("ref:").strip()
        common = folder / "commondir"
        if common.is_file():
            folder /= common.read_text(encoding="utf-8").strip()
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").strip()
        packed = (folder / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except (OSError, UnicodeDecodeError):
        return None


def _reference(asset: dg.AssetsDefinition) -> dict[str, Any]:
    # Dagster's own `with_source_code_references` names the wrapper of the function.
    body = getattr(asset.node_def, "compute_fn", None)
    function = inspect.unwrap(getattr(body, "decorated_fn", body)) if body else None
    code = getattr(function, "__code__", None)
    if code is None:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        place = dg.LocalFileCodeReference(
            file_path=code.co_filename, line_number=code.co_firstlineno
        )
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[place])}
