"""`bourne run`. Not here: the run itself (`runner`)."""

import click

from bourne_assets.asset_names import INSIGHT_METRICS
from bourne_assets.cli.common import command_lake, saga_of, saga_option, with_exit_codes
from bourne_assets.cli.help import Command
from bourne_assets.cli.selection import ensure_known
from bourne_assets.runs.exclusive import exclusive_run
from bourne_assets.runs.outcomes import ProgressLine
from bourne_assets.saga.live_figures import OPTION, ensure_in_snapshot, ensure_not_newer
from bourne_assets.settings import read_settings
from bourne_assets.threads import thread_pool


@click.command(cls=Command)
@saga_option
@click.option("--select", metavar="SELECTION", help="Assets to run, in Dagster's selection syntax.")
@click.option(
    "--resume",
    is_flag=True,
    help="Continue after a crash: request only what was not stored today.",
)
@click.option(
    OPTION,
    is_flag=True,
    help="Without a credential: let the bundled snapshot replace newer figures of TMDB.",
)
@with_exit_codes
def run(*, slug: str, select: str | None, resume: bool, replace_live_figures: bool) -> int:
    """Run all assets and checks once, recorded, and print the answers."""
    from bourne_assets.cli import console as show

    settings = read_settings()
    saga = saga_of(settings, slug)
    # Before anything starts.
    if select is not None:
        ensure_known(select, saga)
    # A selection may have nothing to do with TMDB: then its steps check.
    if select is None and settings.uses_snapshot:
        ensure_in_snapshot(saga)
    console = show.output()
    with (
        exclusive_run(
            settings.home, saga, lambda text: show.print_progress(console, ProgressLine(text))
        ),
        command_lake(settings) as shared,
        thread_pool(1, "warm-up") as meanwhile,
    ):
        from bourne_assets.answers.pictures.render import warm_up

        meanwhile.submit(warm_up, settings.home)
        from bourne_assets.cli.answer_printing import print_answers
        from bourne_assets.cli.runner import run_saga
        from bourne_assets.cli.stored import read_answers
        from bourne_assets.runs.instance import open_instance

        lake = shared.connect()
        if select is None and settings.uses_snapshot and not replace_live_figures:
            ensure_not_newer(lake, saga)
        instance = open_instance(settings)
        show.print_heading(console, saga.title, lake, from_snapshot=settings.uses_snapshot)
        report = run_saga(
            settings,
            saga,
            instance,
            select=select,
            resume=resume,
            replace_live_figures=replace_live_figures,
            on_event=lambda event: show.print_progress(console, event),
        )
        answered = any(item.name == INSIGHT_METRICS for item in report.stored)
        result = read_answers(lake, saga) if answered else None
        shared.release()  # the server ends while the answers are printed
        show.print_report(console, report)
        if result is not None:
            print_answers(console, result, settings.language)
        show.print_places(console, report, saga, settings)
    return report.exit_code
