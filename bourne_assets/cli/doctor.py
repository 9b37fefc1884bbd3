"""`bourne doctor`. Not here: what it checks (`mistakes`) and tries (`examination`)."""

from itertools import chain

import click

from bourne_assets.cli.common import command_lake, with_exit_codes
from bourne_assets.cli.help import Command
from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import read_settings


@click.command(cls=Command)
@with_exit_codes
def doctor() -> int:
    """Find mistyped settings; show which lake and TMDB mode would be used, and try each."""
    from bourne_assets.cli.console import output, print_diagnosis
    from bourne_assets.cli.examination import examine
    from bourne_assets.cli.mistakes import find_mistakes

    settings, console = read_settings(), output()
    with command_lake(settings) as shared:
        found = []
        for diagnosis in chain(find_mistakes(settings), examine(settings, shared.connect)):
            print_diagnosis(console, diagnosis)
            found.append(diagnosis)
    return 0 if all(diagnosis.healthy for diagnosis in found) else ConfigurationError.exit_code
