"""`bourne doctor`. Not here: what is tried (`examination`)."""

import click

from bourne_assets.cli.common import command_lake, with_exit_codes
from bourne_assets.errors import ConfigurationError
from bourne_assets.saga.definition import known_sagas
from bourne_assets.settings import read_settings


@click.command()
@with_exit_codes
def doctor() -> int:
    """Show which lake and which TMDB mode would be used, and try each."""
    from bourne_assets.cli.console import output, print_diagnosis
    from bourne_assets.cli.examination import examine

    settings, console = read_settings(), output()
    known_sagas(settings.sagas_file)
    with command_lake(settings) as shared:
        found = []
        for diagnosis in examine(settings, shared.connect):
            print_diagnosis(console, diagnosis)
            found.append(diagnosis)
    return 0 if all(diagnosis.healthy for diagnosis in found) else ConfigurationError.exit_code
