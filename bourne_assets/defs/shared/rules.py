"""Rules over tables, and the Dagster check that runs all rules of an asset.

Not here: rules that know films (`figure_rules`) or one asset (its own chapter's `checks`).
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pandas as pd
from pandera.errors import SchemaErrors

from bourne_assets.defs.shared.failures import fails_in_one_sentence
from bourne_assets.defs.shared.metadata import rows_of
from bourne_assets.runs.events import OFFENDING, OFFENDING_COUNT
from bourne_assets.tables import Table, records
from bourne_assets.translations import gettext, grouped, plain

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    Attributes:
        offending: The rows that break the rule; none: it passed.
        seen: What was looked at, in words, which a check that passes says.
        facts: Thresholds and counts, shown whether it passed or not.
        count: How many rows break it, where only the first of them are known.
    """

    offending: Sequence[Mapping[str, Any]]
    seen: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None


@dataclass(frozen=True)
class Rule:
    """A rule over one asset's table.

    Attributes:
        name: States the rule.
        description: States the threshold and what a failure means, in English.
        find: Finds what breaks it.
        blocking: Whether a failure is an ERROR that stops what is downstream. Severity decides:
            Dagster does not stop for a WARN even where the check says blocking.
        is_error: Whether a failure is an ERROR all the same, which a run shows by its exit
            code, and which stops nothing.
    """

    name: str
    description: str
    find: Callable[[pd.DataFrame], Finding]
    blocking: bool = False
    is_error: bool = False


def check_of(key: dg.AssetKey, rules: Sequence[Rule]) -> dg.AssetChecksDefinition:
    """One check definition that evaluates all rules of an asset in one step."""
    name = f"check_{'_'.join(key.path)}"
    specs = [
        dg.AssetCheckSpec(
            rule.name, asset=key, description=plain(rule.description), blocking=rule.blocking
        )
        for rule in rules
    ]

    @dg.multi_asset_check(name=name, specs=specs, ins={"table": dg.AssetIn(key)}, can_subset=True)
    @fails_in_one_sentence
    def check(
        context: dg.AssetCheckExecutionContext, table: pd.DataFrame
    ) -> Iterator[dg.AssetCheckResult]:
        wanted = {selected.name for selected in context.selected_asset_check_keys}
        for rule in rules:
            if rule.name in wanted:
                is_error = rule.blocking or rule.is_error
                yield result_of(key, rule.name, rule.find(table), is_error=is_error)

    return check


def result_of(
    key: dg.AssetKey, name: str, finding: Finding, *, is_error: bool
) -> dg.AssetCheckResult:
    """A finding as Dagster shows it, with the evidence on pass and on failure."""
    count = len(finding.offending) if finding.count is None else finding.count
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key,
        passed=count == 0,
        severity=ERROR if is_error else WARN,
        description=gettext("{count} offending", count=grouped(count)) if count else finding.seen,
        metadata={
            OFFENDING_COUNT: count,
            OFFENDING: rows_of(finding.offending),
            **finding.facts,
        },
    )


def follows_schema(model: type[Table]) -> Rule:
    """Columns, types, nulls, ranges as the pandera model says."""

    def find(table: pd.DataFrame) -> Finding:
        schema = copy.copy(model.to_schema())  # pandera keeps one for all
        schema.coerce = False
        facts = {"columns": len(schema.columns), "rows": len(table)}
        seen = gettext(
            "{columns} columns, {rows} rows", columns=facts["columns"], rows=grouped(len(table))
        )
        try:
            schema.validate(table, lazy=True)
        except SchemaErrors as error:
            cases = error.failure_cases[["column", "check", "failure_case", "index"]]
            found = records(cases.astype("string").fillna(""))
            # pandera names no cases where all of them are null: the error must not get lost.
            return Finding(found or [{"check": str(error.schema_errors[0])}], seen, facts)
        return Finding([], seen, facts)

    return Rule(
        "follows_schema",
        f"Columns, order, types, nulls and ranges are those of `{model.__name__}`.",
        find,
        blocking=True,
    )


def is_unique(column: str) -> Rule:
    """No value appears twice."""

    def find(table: pd.DataFrame) -> Finding:
        twice = table[table[column].notna() & table[column].duplicated(keep=False)]
        distinct = int(table[column].nunique())
        seen = gettext("different values: {count}", count=grouped(distinct))
        return Finding(records(twice), seen, {"distinct": distinct})

    return Rule(f"{column}_is_unique", f"No `{column}` occurs in two rows.", find, blocking=True)


def has_pattern(column: str, pattern: str, example: str) -> Rule:
    """Known values are well formed."""

    def find(table: pd.DataFrame) -> Finding:
        known = table[table[column].notna()]
        wrong = known[~known[column].astype("string").str.fullmatch(pattern)]
        facts = {"pattern": pattern, "known": len(known), "unknown": len(table) - len(known)}
        seen = gettext(
            "known: {known}, unknown: {unknown}",
            known=grouped(len(known)),
            unknown=grouped(len(table) - len(known)),
        )
        return Finding(records(wrong), seen, facts)

    return Rule(
        f"{column}_is_well_formed",
        f"Every known `{column}` looks like {example}: a malformed one joins with nothing.",
        find,
        blocking=True,
    )
