"""The chapter tmdb/: client, transport, raw responses, tables, snapshot."""
