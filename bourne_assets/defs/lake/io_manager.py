"""The IO manager that keeps what assets return in the lake: frames, pages, the rest as JSON.

A state that is replaced whole is an object; what grows is an Iceberg table, where the asset says
so.

Built on Dagster's `UPathIOManager`, which handles partitions; bytes go through obstore, for the
reasons in docs/decisions. Never pickle: a table must be readable by anything, and safe to read.
Not here: what a table holds, and the lake's own errors.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, get_args, get_origin
from urllib.parse import quote

import dagster as dg
import pandas as pd
from pydantic import PrivateAttr

from bourne_assets.defs.lake.resource import LakeResource
from bourne_assets.defs.lake.table_output import described, load, store, table_output
from bourne_assets.defs.shared.metadata import (
    COLUMNS_KEY,
    FORMAT_KEY,
    LAYER_KEY,
    MATERIALISED,
    SNAPSHOT_KEY,
    observed_schema,
    preview_of_table,
    shortened,
    stated,
)
from bourne_assets.iceberg.errors import TableMissing
from bourne_assets.lake import keys
from bourne_assets.lake.errors import ObjectMissing
from bourne_assets.lake.store import HTML, JSON, PARQUET, StoredObject
from bourne_assets.markup import markdown_code
from bourne_assets.tables import from_json, from_parquet, to_json, to_parquet
from bourne_assets.translations import gettext

_PARQUET_SUFFIX, _JSON_SUFFIX, _HTML_SUFFIX = ".parquet", ".json", ".html"
_ALL_SUFFIXES = (_PARQUET_SUFFIX, _JSON_SUFFIX, _HTML_SUFFIX)
#: Formats that an input of any type would be looked for in.
_MISTAKABLE = {_PARQUET_SUFFIX: _JSON_SUFFIX, _JSON_SUFFIX: _PARQUET_SUFFIX}


class InputMissing(dg.Failure, FileNotFoundError):
    """An input's object is not in the lake; a retry would not bring it there.

    A `FileNotFoundError` too, which is what `UPathIOManager` skips where the user set the
    metadata `allow_missing_partitions`.
    """


class LakeIOManager(dg.ConfigurableIOManager, dg.UPathIOManager):
    """Stores each output under `<layer>/<asset key>.<parquet, json or html>` in one atomic PUT.

    The format follows the asset's type: a pandas DataFrame is Parquet, anything JSON-like is
    JSON; a text is a page where the asset's metadata says `lake/format: html`. A frame that is
    loaded carries the `uri` and `sha256` of its object in `attrs`. Metadata that says `lake/format:
    table` leads into an Iceberg table: see `table_output`.
    """

    lake: dg.ResourceDependency[LakeResource]

    # UPathIOManager's root. A pure path: nothing here may touch a file system.
    _base_path: Any = PrivateAttr(default=PurePosixPath())
    #: What each step of this run loaded, for the snapshots of the tables that it makes.
    _loaded: dict[str, list[str]] = PrivateAttr(default_factory=dict)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Store an output: as an object, or in the Iceberg table that the asset's metadata names.

        Raises:
            Failure: The output cannot be kept so.
            LakeError: The lake refused or failed.
        """
        output = table_output(_definition_metadata(context))
        if output is None:
            super().handle_output(context, obj)
            return
        if context.has_asset_partitions:
            raise dg.Failure(
                gettext(
                    "A partition is not a table: give {name} a column of partitions instead.",
                    name=output.name,
                ),
                allow_retries=False,
            )
        from bourne_assets.iceberg.commits import Provenance

        inputs = tuple(dict.fromkeys(self._loaded.get(context.step_key, ())))
        done = store(self.lake.catalogue(), output, obj, Provenance(context.run_id, inputs))
        declared = stated(context.definition_metadata, COLUMNS_KEY)
        context.add_output_metadata(described(done, obj, declared))

    def load_input(self, context: dg.InputContext) -> Any:
        """Load an input, from its object or its table.

        Raises:
            InputMissing: It is not there.
            LakeError: The lake refused or failed.
        """
        output = table_output(_definition_metadata(context))
        if output is None:
            return super().load_input(context)
        snapshot = _requested_snapshot(context)
        try:
            value = load(self.lake.catalogue(), output, snapshot, context.dagster_type.typing_type)
        except TableMissing as error:
            raise _missing(context, output.name) from error
        if isinstance(value, pd.DataFrame):
            self._note(context, f"{output.name}@{value.attrs['snapshot_id']}")
        return value

    def _note(self, context: dg.InputContext, digest: str | None) -> None:
        """Remember what the step that is loading has loaded; outside of runs there is no step."""
        with suppress(dg.DagsterInvariantViolationError):
            step = context.step_context.step.key
            if digest:
                self._loaded.setdefault(step, []).append(digest)

    def get_asset_relative_path(self, context: dg.InputContext | dg.OutputContext) -> Any:
        """`<layer>/<asset key>`; the suffix is added when the object's type is known."""
        layer = stated(_definition_metadata(context), LAYER_KEY, keys.TRUSTED)
        return PurePosixPath(str(layer), *context.asset_key.path)

    def get_op_output_relative_path(self, context: dg.InputContext | dg.OutputContext) -> Any:
        """Where the output of a plain op is kept: below `Trusted/`, by run and step."""
        return PurePosixPath(keys.TRUSTED, "_ops", *context.get_identifier())

    def make_safe_partition_path(self, base_path: Any, partition: str) -> Any:
        """A partition's name below the asset's: none leads elsewhere, or to another's object."""
        return base_path.joinpath(*(_safe(part) for part in partition.split("/")))

    def make_directory(self, path: Any) -> None:
        """A lake has no directories."""

    def path_exists(self, path: Any) -> bool:
        """Whether an object of any format is there."""
        lake = self.lake.connect()
        return any(lake.head(f"{path}{suffix}") for suffix in _ALL_SUFFIXES)

    def unlink(self, path: Any) -> None:
        """Remove the object, whatever its format."""
        for suffix in _ALL_SUFFIXES:
            self.lake.connect().delete(f"{path}{suffix}")

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: Any) -> None:
        """Store an output and report to Dagster what was stored.

        Raises:
            Failure: The output is neither a frame nor JSON-like, or no text where a page is due.
            LakeError: The lake refused or failed.
        """
        lake, suffix = self.lake.connect(), _suffix_of(context, obj)
        if suffix == _PARQUET_SUFFIX:
            stored = lake.write(f"{path}{suffix}", _parquet(obj), PARQUET)
            described = _describe_frame(context, obj)
        elif suffix == _HTML_SUFFIX:
            stored = lake.write(f"{path}{suffix}", _page(obj), HTML)
            described = {}
        else:
            data = _json(obj)
            stored = lake.write(f"{path}{suffix}", data, JSON)
            text = shortened(data.decode().strip())
            described = {"preview": dg.MetadataValue.md(markdown_code(text, "json"))}
        other = _MISTAKABLE.get(suffix)
        if other and lake.head(f"{path}{other}"):  # yesterday's, of another type, is not today's
            lake.delete(f"{path}{other}")
        context.add_output_metadata({**_describe_object(stored), **described})

    def load_from_path(self, context: dg.InputContext, path: Any) -> Any:
        """Load an input.

        Raises:
            InputMissing: There is no such object.
            LakeError: The lake refused or failed.
        """
        lake = self.lake.connect()
        for suffix in _suffixes(context):
            try:
                data, stored = lake.read(f"{path}{suffix}")
            except ObjectMissing:
                continue
            value = _decoded(data, suffix, stored.uri)
            self._note(context, stored.sha256)
            if suffix != _PARQUET_SUFFIX:
                return value
            frame: pd.DataFrame = value
            frame.attrs = {"uri": stored.uri, "sha256": stored.sha256}
            return frame
        raise _missing(context, lake.uri(f"{path}{_suffixes(context)[0]}"))

    def get_metadata(self, context: dg.OutputContext, obj: Any) -> dict[str, dg.MetadataValue]:
        """The base class's `path`, in full."""
        suffix = _suffix_of(context, obj)
        if context.has_asset_partitions:
            (path,) = self._get_paths_for_partitions(context).values()
        else:
            path = self._get_path(context)
        return {"path": dg.MetadataValue.path(self.lake.connect().uri(f"{path}{suffix}"))}

    def _handle_transition_to_partitioned_asset(self, context: dg.OutputContext, path: Any) -> None:
        """Nothing is in the way: the unpartitioned object has a suffix, the folder has none."""


def _definition_metadata(context: dg.InputContext | dg.OutputContext) -> Mapping[str, Any]:
    """Metadata of the asset's definition, for an input that of the asset upstream."""
    if isinstance(context, dg.OutputContext):
        return context.definition_metadata or {}
    upstream = context.upstream_output
    return (upstream.definition_metadata if upstream else None) or {}


def _requested_snapshot(context: dg.InputContext) -> int | None:
    """The snapshot that the input's own metadata asks for; None for the newest."""
    requested = stated(context.definition_metadata, SNAPSHOT_KEY)
    if requested != MATERIALISED:
        return int(requested) if requested is not None else None
    event = context.instance.get_latest_materialization_event(context.asset_key)
    metadata = event.asset_materialization.metadata if event and event.asset_materialization else {}
    snapshot = metadata.get("snapshot_id")
    if snapshot is None:
        raise _missing(context, context.asset_key.to_user_string())
    return int(str(snapshot.value))


def _is_page(context: dg.InputContext | dg.OutputContext) -> bool:
    """Whether the asset's metadata says that its value is a page."""
    return bool(stated(_definition_metadata(context), FORMAT_KEY) == "html")


def _suffix_of(context: dg.OutputContext, obj: Any) -> str:
    """The suffix of an output's object."""
    if isinstance(obj, pd.DataFrame):
        return _PARQUET_SUFFIX
    return _HTML_SUFFIX if _is_page(context) else _JSON_SUFFIX


def _suffixes(context: dg.InputContext) -> tuple[str, ...]:
    """Suffixes to look for, by the type that the input is annotated with."""
    if _is_page(context):
        return (_HTML_SUFFIX,)
    wanted = context.dagster_type.typing_type
    if context.has_asset_partitions and (wanted is dict or get_origin(wanted) in {dict, Mapping}):
        # A mapping of partitions: the type of one is second, where it is given at all.
        wanted = (*get_args(wanted), Any, Any)[1]
    if wanted is pd.DataFrame:
        return (_PARQUET_SUFFIX,)
    if wanted is Any or pd.DataFrame in get_args(wanted):
        return (_PARQUET_SUFFIX, _JSON_SUFFIX)
    return (_JSON_SUFFIX,)


def _describe_object(stored: StoredObject) -> dict[str, Any]:
    return {
        "dagster/uri": stored.uri,
        "size_bytes": stored.size,
        # The object's own metadata have all 64 letters. Nothing breaks them: they would make
        # Dagster's table wider than its page, and cut off the answers beside them.
        "sha256": f"{(stored.sha256 or '')[:16]}...",
    }


def _describe_frame(context: dg.OutputContext, frame: pd.DataFrame) -> dict[str, Any]:
    schema = stated(context.definition_metadata, COLUMNS_KEY)
    count = "dagster/partition_row_count" if context.has_asset_partitions else "dagster/row_count"
    return {
        count: len(frame),
        COLUMNS_KEY: observed_schema(frame, schema),
        "preview": preview_of_table(frame),
    }


def _json(obj: Any) -> bytes:
    try:
        return to_json(obj)
    except (TypeError, ValueError, RecursionError) as error:
        raise dg.Failure(
            gettext(
                "The lake keeps pandas DataFrames and JSON-like values, and this is neither: "
                "{error}",
                error=error,
            ),
            allow_retries=False,
        ) from error


def _page(obj: Any) -> bytes:
    if not isinstance(obj, str):
        raise dg.Failure(
            gettext("A page must be text, and this is a {kind}.", kind=type(obj).__name__),
            allow_retries=False,
        )
    return obj.encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    try:
        return to_parquet(frame)
    except (TypeError, ValueError) as error:  # Arrow's errors are such
        raise dg.Failure(
            f"This frame cannot be kept as Parquet: {error}", allow_retries=False
        ) from error


def _decoded(data: bytes, suffix: str, uri: str) -> Any:
    try:
        if suffix == _HTML_SUFFIX:
            return data.decode()
        return from_json(data) if suffix == _JSON_SUFFIX else from_parquet(data)
    except (ValueError, OSError, RecursionError) as error:  # Arrow's errors are such
        first = str(error).partition("\n")[0]
        raise dg.Failure(
            gettext(
                "The object {uri} cannot be read, so materialise its asset again: {first}",
                uri=uri,
                first=first,
            ),
            metadata={"uri": uri},
            allow_retries=False,
        ) from error


def _safe(part: str) -> str:
    """One part of a partition's name; percent signs are escaped too, so that no two are one."""
    escaped = "".join(
        char if char.isprintable() and char not in "%\\" else quote(char, safe="") for char in part
    )
    return escaped if escaped.strip(".") else escaped.replace(".", "%2E") or "%00"


def _missing(context: dg.InputContext, uri: str) -> InputMissing:
    asset = (
        context.asset_key.to_user_string()
        if context.has_asset_key
        else gettext("the step upstream")
    )
    return InputMissing(
        gettext(
            "The object or table {uri} is not in the lake: materialise {asset} first.",
            uri=uri,
            asset=asset,
        ),
        metadata={"uri": uri, "materialise": asset},
        allow_retries=False,
    )
