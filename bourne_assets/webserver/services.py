"""What `bourne dev` becomes: `dagster dev` with the guarded webserver."""

from bourne_assets.webserver import develop

develop()
