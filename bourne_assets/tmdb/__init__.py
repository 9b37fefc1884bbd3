"""TMDB: client, pace, errors, response models, raw storage, tables, the bundled snapshot.

Plain Python: no Dagster here, and no saga; which films belong to one is `bourne_assets.saga`'s.
"""

#: Where figures are from, as every table says it: TMDB itself, or the snapshot in the package.
LIVE = "tmdb"
SNAPSHOT = "bundled-snapshot"
SOURCES = (LIVE, SNAPSHOT)
#: What answers say whose figures are of both.
MIXED = "mixed"
#: TMDB's terms require this notice wherever its data are shown (API Terms of Use, section 3).
NOTICE = (
    "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise "
    "approved by TMDB."
)
