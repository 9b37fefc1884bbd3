"""What a saga is, and the file that names them.

Not here: films.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from bourne_assets.saga.errors import SagaConfigurationError
from bourne_assets.settings import Settings
from bourne_assets.text import ended_once, nearest
from bourne_assets.translations import gettext
from bourne_assets.yaml_files import read_yaml, why_unreadable

#: The platform's own saga: its assets have flat keys, those of other sagas are under their slug.
DEFAULT_SLUG = "bourne"
#: Far more than any film ever earned or cost: a stated figure above it is a mistake.
MOST_USD = 10_000_000_000

#: Each costs at least one request; no saga needs as many.
_MAXIMUM_QUERIES = 50
_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class StatedFigures(BaseModel):
    """Figures of a film that the sagas file states in place of TMDB's.

    Attributes:
        budget: USD.
        revenue: USD at box offices worldwide.
        source: Where they are from; it is shown wherever they are used.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: int | None = Field(default=None, ge=0, le=MOST_USD)
    revenue: int | None = Field(default=None, ge=0, le=MOST_USD)
    source: _Text

    @model_validator(mode="after")
    def _states_something(self) -> "StatedFigures":
        if self.budget is None and self.revenue is None:
            raise ValueError(gettext("state a budget or a revenue"))
        return self


class Saga(BaseModel):
    """A saga of films.

    Attributes:
        slug: Name in asset keys and commands.
        title: Name for people.
        queries: What TMDB's search looks for.
        collection_id: TMDB's collection that a film must be part of.
        figures: Figures in place of TMDB's, by TMDB's id of the film.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: _Slug
    title: _Text
    queries: tuple[_Text, ...] = Field(min_length=1, max_length=_MAXIMUM_QUERIES)
    collection_id: int = Field(gt=0, lt=2**63)
    figures: dict[int, StatedFigures] = Field(default_factory=dict)

    @property
    def key_prefix(self) -> tuple[str, ...]:
        """Prefix of the saga's asset keys: none for the default saga."""
        return () if self.slug == DEFAULT_SLUG else (self.slug,)

    @property
    def table_name(self) -> str:
        """Name of the saga's table: `bourne_saga_table`."""
        return f"{self.slug}_saga_table"


def load_sagas(path: Path) -> dict[str, Saga]:
    """All sagas of a sagas file, by slug.

    Raises:
        SagaConfigurationError: The file is missing, is not valid YAML, or defines no valid
            sagas; the line is named.
    """
    try:
        content, tree = read_yaml(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SagaConfigurationError(
            gettext(
                "The sagas file {path} cannot be read ({why}): check BOURNE_SAGAS_FILE.",
                path=path,
                why=why_unreadable(error),
            )
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        detail = " ".join(str(error).split())
        raise SagaConfigurationError(
            gettext("The sagas file {path} is not valid YAML: {detail}.", path=path, detail=detail)
        ) from error
    entries = content.get("sagas") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise SagaConfigurationError(
            gettext(
                "The sagas file {path} has no sagas: it needs `sagas:` and a slug below it.",
                path=path,
            )
        )
    nodes = _below(_below(tree, gettext("its keys"), path)["sagas"][1], gettext("the slugs"), path)
    return {str(slug): _saga(path, slug, entry, nodes) for slug, entry in entries.items()}


def known_sagas(path: Path) -> dict[str, Saga]:
    """The bundled sagas, and those of the file given, which win where a slug is in both.

    Raises:
        SagaConfigurationError: As `load_sagas`.
    """
    return {**load_sagas(Settings().sagas_file), **load_sagas(path)}


def select_sagas(known: dict[str, Saga], slugs: Sequence[str]) -> list[Saga]:
    """The sagas of these slugs, in this order.

    Raises:
        SagaConfigurationError: A slug is not in the sagas file.
    """
    for slug in slugs:
        if slug not in known:
            near = nearest(slug, known)
            meant = (
                gettext(" - did you mean {near}? It has", near=near)
                if near
                else gettext(", which has")
            )
            raise SagaConfigurationError(
                gettext(
                    "The saga {slug!r} is not in the sagas file{meant}: {known}.",
                    slug=slug,
                    meant=meant,
                    known=", ".join(known),
                )
            )
    return [known[slug] for slug in slugs]


def with_queries(saga: Saga, queries: Sequence[str]) -> Saga:
    """The saga with other queries; the same where there are none.

    Raises:
        SagaConfigurationError: A query is empty or too long.
    """
    if not queries:
        return saga
    try:
        return Saga.model_validate({**saga.model_dump(), "queries": tuple(queries)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SagaConfigurationError(
            gettext(
                "The queries {queries!r} are not valid: {first}.",
                queries=list(queries),
                first=first["msg"],
            )
        ) from error


def _saga(path: Path, slug: object, entry: object, nodes: "_Nodes") -> Saga:
    # A merged slug stands where the merge does; `on`, which YAML takes for true, by its own text.
    key, node = nodes.get(str(slug)) or nodes.get("<<") or _by_value(nodes, slug)
    known = _below(node, gettext("the fields of {slug!r}", slug=slug), path)
    fields = entry if isinstance(entry, dict) else {}
    try:
        return Saga(slug=slug, **fields)
    except (ValidationError, TypeError) as error:
        detail, field = _first_problem(error)
        place = known[field][0] if field is not None and field in known else key
        raise SagaConfigurationError(
            ended_once(
                gettext(
                    "The saga {slug!r} in {path}, line {line}, is not valid - {detail}.",
                    slug=slug,
                    path=path,
                    line=_line(place),
                    detail=detail,
                )
            )
        ) from error


def _first_problem(error: ValidationError | TypeError) -> tuple[str, str | None]:
    """What to tell of an error, and the field that it is in; None: it is of no single field."""
    if isinstance(error, TypeError):
        return gettext("its fields must be title, queries and collection_id"), None
    found = error.errors(include_url=False)
    # A mistyped field is lacking too, which says less.
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    location = first["loc"]
    field, place = str(location[0]), ".".join(map(str, location))
    if first["type"] == "missing":
        return gettext("{key} is missing", key=place), field
    if first["type"] != "extra_forbidden":
        return f"{place}: {first['msg']}", field
    fields_here = StatedFigures if len(location) > 1 else Saga
    near = nearest(str(location[-1]), fields_here.model_fields)
    meant = gettext(", did you mean {near}?", near=near) if near else ""
    return gettext("{key} is not a key here", key=place) + meant, field


#: Key and value nodes of a mapping, by the text of the key: they know their lines.
_Nodes = dict[str, tuple[yaml.Node, yaml.Node]]


def _below(node: yaml.Node | None, what: str, path: Path) -> _Nodes:
    """The nodes of a mapping; YAML itself would let the last of two equal keys win."""
    found: _Nodes = {}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        name = str(key.value)
        if name in found:
            raise SagaConfigurationError(
                gettext(
                    "In the sagas file {path}, line {line}, {name!r} appears twice among {what}, "
                    "first in line {first}: remove one.",
                    path=path,
                    line=_line(key),
                    name=name,
                    what=what,
                    first=_line(found[name][0]),
                )
            )
        found[name] = (key, value)
    return found


def _by_value(nodes: _Nodes, slug: object) -> tuple[yaml.Node, yaml.Node]:
    """The nodes of a key that is not text; the first ones where its tag hides which they are."""
    for text, pair in nodes.items():
        with suppress(yaml.YAMLError, ValueError):
            if yaml.safe_load(text) == slug:
                return pair
    return next(iter(nodes.values()))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
