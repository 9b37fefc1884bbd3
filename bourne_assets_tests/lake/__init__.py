"""The lake and its embedded server: tests that mirror `bourne_assets.lake`."""
