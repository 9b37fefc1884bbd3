"""`python -m bourne_assets.webserver`: the guarded webserver by itself."""

from bourne_assets.webserver import main

main()
