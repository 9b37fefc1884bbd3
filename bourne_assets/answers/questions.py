"""The fields of the answers object and what they mean: its dictionary for the catalogue.

What must not be put here: how they are computed (`formulas`).
"""

#: Field, type and description, in the order of the object.
ANSWER_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("schema_version", "integer", "Version of this object's shape"),
    ("saga", "text", "Slug of the saga"),
    ("as_of", "timestamp (UTC)", "Time of TMDB's newest answer that the numbers rest on"),
    ("source", "text", "Who answered: tmdb or bundled-snapshot"),
    ("films", "integer", "Number of films in the saga table"),
    ("inputs", "list", "Lake objects that the numbers came from: uri and sha256"),
    ("answers.mean_revenue", "object", "Mean revenue in USD over films of known revenue"),
    ("answers.mean_budget", "object", "Mean budget in USD over films of known budget"),
    (
        "answers.revenue_variation",
        "object",
        "Change of revenue from each film to the next in order of release, in USD and per cent",
    ),
    (
        "answers.top_revenue_vs_top_budget",
        "object",
        "Budget of the top-revenue film against the top budget, in USD and per cent of the latter",
    ),
    (
        "answers.popularity_vs_success",
        "object",
        "Correlation of popularity with revenue, profit and return; most and least popular film",
    ),
    ("answers.year_vs_popularity", "object", "Correlation of release year and popularity"),
)

#: Which columns of the saga table an answer is computed from, in the catalogue's form.
FIELD_SOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    f"answers.{answer}": tuple(("saga_table", column) for column in columns)
    for answer, columns in (
        ("mean_revenue", ("revenue",)),
        ("mean_budget", ("budget",)),
        ("revenue_variation", ("revenue", "release_date")),
        ("top_revenue_vs_top_budget", ("revenue", "budget")),
        ("popularity_vs_success", ("popularity", "revenue", "profit", "budget")),
        ("year_vs_popularity", ("release_year", "popularity")),
    )
}
