"""TMDB: client, pace, errors, response models, raw storage, tables, the bundled snapshot.

Plain Python: no Dagster here, and no saga; which films belong to one is `bourne_assets.saga`'s.
"""

#: TMDB's terms require this notice wherever its data are shown (API Terms of Use, section 3).
NOTICE = (
    "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise "
    "approved by TMDB."
)
