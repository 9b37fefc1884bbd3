"""The embedded lake: a private S3 server for a home, there while somebody uses it.

`share` is the door, and what is named here is all that others need of it. Behind it `supervisor`
watches the server's process, `seaweedfs` knows its program and flags, `security` its keys, `state`
the file that says which server runs.
"""

from bourne_assets.lake.embedded.share import EmbeddedLake, Status, connect, exists, status, stop

__all__ = ["EmbeddedLake", "Status", "connect", "exists", "status", "stop"]
