"""The lake: where objects are, how bytes get in and out, and the embedded S3 server.

Plain Python: no Dagster here, and no knowledge of films.
"""
