"""When an asset follows its inputs automatically: the conditions of `follow_the_data`.

See https://docs.dagster.io/guides/automate/declarative-automation. Not here: the sensor that
evaluates them (`operations.schedules`).
"""

from typing import Any

import dagster as dg

from bourne_assets.defs.shared.naming import RAW_CSVS

_When = dg.AutomationCondition
_HANDLED = _When.newly_requested() | _When.newly_updated() | _When.initial_evaluation()


def _following(input_changed: dg.AutomationCondition[Any]) -> dg.AutomationCondition[Any]:
    """Materialised when an input changed, unless a blocking check on an input failed.

    Dagster's `eager` takes an asset that was updated in a tick for handled in that tick, even where
    an input was materialised after it: a part that is run right after everything was would not be
    followed. Here the later of the two wins.
    """
    is_newer = _When.any_deps_match(_When.newly_updated()).since(_When.newly_updated())
    changed_last = input_changed & is_newer
    follows = (_When.newly_missing() | input_changed).since(_HANDLED) | changed_last.since(
        _HANDLED & ~changed_last
    )
    return (
        _When.in_latest_time_window()
        & follows.with_label("an input changed")
        & ~_When.any_deps_missing()
        & ~_When.any_deps_in_progress()
        & ~_When.in_progress()
        & _When.all_deps_blocking_checks_passed()
    )


#: Of what reads the whole of its inputs.
EAGER_AFTER_CHECKS = _following(_When.any_deps_updated())
#: Of what reads no more of the CSV files than the ratings in them, of which the data version of
#: `raw_csvs_s3` tells: other files change nothing for it.
EAGER_AFTER_RATINGS = _following(
    _When.any_deps_updated().ignore(dg.AssetSelection.assets(RAW_CSVS))
    | _When.any_deps_match(_When.data_version_changed() & ~_When.executed_with_root_target()).allow(
        dg.AssetSelection.assets(RAW_CSVS)
    )
)
