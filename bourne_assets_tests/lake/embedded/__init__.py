"""The embedded lake and its server: tests that mirror `bourne_assets.lake.embedded`."""
