"""`python -m bourne_assets.webserver`: the guarded webserver on its own."""

from bourne_assets.webserver import main

main()
