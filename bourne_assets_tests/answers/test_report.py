"""The report: one page that people read, in any browser, in both languages, without a network."""

import json
import re
import shutil
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, sync_playwright

from bourne_assets.answers.questions import Answers, answer_questions, as_json, origin, to_text
from bourne_assets.answers.report import build_report
from bourne_assets.answers.words.language import localizer
from bourne_assets.cli import answers as command
from bourne_assets.saga.history import merged, seed, snapshot_of
from bourne_assets.settings import Settings
from bourne_assets.tmdb import NOTICE
from bourne_assets.translations import LANGUAGES, Language
from bourne_assets_tests.answers.builders import SCENARIOS, Figures, films_of_2017, saga_table
from bourne_assets_tests.saga.test_history import BOURNE, OTHER
from bourne_assets_tests.support.tiers import in_every_run

_INPUTS = [{"uri": "s3://bourne-lake/Refined/bourne_saga_table.parquet", "sha256": "ab" * 32}]
_RUN = "0c1d2e3f-0000-4000-8000-000000000000"
_RULE = "No film has two rows of one UTC day: the last snapshot of a day wins."
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def _bundled() -> list[Figures]:
    when = datetime(2017, 9, 1, tzinfo=UTC)
    return [
        {**record, "source": "bundled-snapshot", "fetched_at": when} for record in films_of_2017()
    ]


def _result(films: list[Figures]) -> Answers:
    return answer_questions(saga_table(films), saga="bourne", inputs=_INPUTS)


def _page_of(films: list[Figures], saga: Any = BOURNE) -> str:
    table = saga_table(films)
    history = merged([seed(saga), snapshot_of(table)])
    return build_report(saga, _result(films), table, history, [_RULE], run_id=_RUN)


@cache
def _bundled_page() -> str:
    return _page_of(_bundled())


class _Tags(HTMLParser):
    """All tags with their attributes, and the text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._silent = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data


def _plain(text: str) -> str:
    return " ".join(text.split())


# The page as a file


@pytest.mark.parametrize("name", in_every_run(SCENARIOS))
def test_every_sentence_of_the_answers_stands_on_the_page(name: str) -> None:
    films = SCENARIOS[name]
    text = _plain(_Tags(_page_of(films)).text)
    result = _result(films)
    for language in LANGUAGES:
        assert _plain(origin(result, language)) in text
        for answer_text in to_text(result, language):
            for sentence in (answer_text.question, *answer_text.sentences, answer_text.caveat):
                assert _plain(sentence) in text
    assert text.count(NOTICE) == len(LANGUAGES)


def test_the_page_loads_nothing_from_anywhere() -> None:
    tags = _Tags(_bundled_page()).tags
    assert not [tag for tag, attributes in tags if attributes.get("src") or "srcset" in attributes]
    links = {attributes["href"] for _, attributes in tags if "href" in attributes}
    assert {link for link in links if link and not link.startswith("#")} == {"data:,"}
    (policy,) = (found["content"] for _, found in tags if found.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    style = re.sub(r"<script.*?</script>", "", _bundled_page(), flags=re.DOTALL)
    assert "@import" not in style
    assert "url(" not in style


def test_the_same_inputs_give_the_same_bytes_and_less_than_a_megabyte() -> None:
    page = _bundled_page()
    assert page == _page_of(_bundled())
    assert len(page.encode()) < 1_000_000


def test_ids_are_unique_and_every_picture_has_a_text_for_those_who_cannot_see_it() -> None:
    tags = _Tags(_bundled_page()).tags
    ids = [found["id"] for _, found in tags if "id" in found]
    assert len(ids) == len(set(ids))
    pictures = [found for _, found in tags if found.get("class") == "picture"]
    assert len(pictures) == 2 * 9
    for found in pictures:
        assert found["role"] == "img"
        assert len(found["aria-label"] or "") > 60
        assert found["data-specification"] in ids


def test_the_page_names_its_inputs_and_the_rules_that_held() -> None:
    text = _Tags(_bundled_page()).text
    assert text.count(_INPUTS[0]["uri"]) == text.count(_INPUTS[0]["sha256"]) == 2
    assert text.count(_RUN) == 2
    assert _RULE in text
    assert localizer("pt").gettext(_RULE) in text
    table = saga_table(_bundled())
    bare = build_report(BOURNE, _result(_bundled()), table, merged([snapshot_of(table)]))
    assert "<details>" not in bare


def test_names_in_a_rule_that_held_are_set_as_code() -> None:
    table = saga_table(_bundled())
    rules = ["No `tmdb_id` is in `<two>` rows."]
    page = build_report(
        BOURNE, _result(_bundled()), table, merged([snapshot_of(table)]), held=rules
    )
    assert "<li>No <code>tmdb_id</code> is in <code>&lt;two&gt;</code> rows.</li>" in page


def test_a_report_begins_in_the_language_that_it_is_asked_for() -> None:
    table = saga_table(_bundled())
    history = merged([snapshot_of(table)])
    page = build_report(BOURNE, _result(_bundled()), table, history, first="pt")
    tags = _Tags(page).tags
    assert next(values["lang"] for tag, values in tags if tag == "html") == "pt-BR"
    assert [values["value"] for tag, values in tags if tag == "input" and "checked" in values] == [
        "pt"
    ]


@pytest.mark.exhaustive
def test_another_saga_has_a_report_of_its_own() -> None:
    text = _Tags(_page_of(films_of_2017(), OTHER)).text
    assert "The Matrix: six questions, six answers" in text
    assert "Sep 1, 2017" not in text


@pytest.mark.exhaustive
def test_a_long_history_is_shown_by_its_first_and_last_days() -> None:
    table = saga_table(_bundled())
    history = merged(
        snapshot_of(
            saga_table(
                [
                    {**record, "fetched_at": datetime(2026, 1, day, tzinfo=UTC)}
                    for record in _bundled()
                ]
            )
        )
        for day in range(1, 31)
    )
    text = _Tags(build_report(BOURNE, _result(_bundled()), table, history)).text
    assert "Jan 1, 2026" in text
    assert "Jan 2, 2026" not in text
    assert all(f"Jan {day}, 2026" in text for day in range(24, 31))


_HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!-- comment",
    "{{ 7 * 7 }}",
    "&lt;b&gt;",
    "]]>",
]


def test_a_hostile_title_is_text_and_nothing_else() -> None:
    record = _bundled()[0]
    films = [
        {**record, "tmdb_id": n, "imdb_id": f"tt000000{n}"} for n in range(1, len(_HOSTILE) + 1)
    ]
    kinds = [tag for tag, _ in _Tags(_bundled_page()).tags]
    for film, title in zip(films, _HOSTILE, strict=True):
        film["title"] = title
    parsed = _Tags(_page_of(films))
    assert {tag for tag, _ in parsed.tags} <= set(kinds)
    assert kinds.count("script") == sum(tag == "script" for tag, _ in parsed.tags)
    assert all(title in parsed.text for title in _HOSTILE)


# The page in a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def _shown(home: Path, page: str) -> str:
    """The address at which `bourne answers --open` shows a page of the lake."""
    addresses: list[str] = []
    with pytest.MonkeyPatch.context() as patched, CliRunner().isolation():
        patched.setattr(webbrowser, "open", addresses.append)
        command._open(Settings(home=home), BOURNE, page.encode())
    return addresses[0]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the bundled figures."""
    return _shown(tmp_path_factory.mktemp("report"), _bundled_page())


#: What somebody who may write to the lake may put in the place of a report.
_STRANGERS = """\
<!doctype html><html><head><meta charset="utf-8"><title>A report</title>
<meta HTTP-EQUIV="&#114;efresh" content="1; url=https://stranger.example/refreshed">
<base href="https://stranger.example/">
<link rel="stylesheet" href="style.css"><script src="code.js"></script>
<script>document.title = "owned"; location = "https://stranger.example/script"</script></head>
<body onload="document.title = 'owned'"><p>Figures \N{EURO SIGN}</p>
<img src="x.png" onerror="document.title = 'owned'">
<img src="data:," onerror="document.title = 'owned'">
<svg onload="document.title = 'owned'"><script>document.title = "owned"</script></svg>
<iframe src="frame.html"></iframe>
<iframe srcdoc="<script>top.document.title = 'owned'</script>"></iframe>
<form action="https://stranger.example/form"><button>Send</button></form></body></html>
"""


class _Opened:
    """A page, and what happened on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)

    def drawn(self) -> None:
        """Wait until the pictures of the visible language answer the pointer."""
        self.page.wait_for_function(
            "[...document.querySelectorAll('.picture[data-specification]')]"
            ".every(found => !found.offsetParent)"
        )


def _open(browser: Browser, address: str, width: int = 1400, **options: Any) -> _Opened:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    return _Opened(context.new_page(), address)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
class TestInChromium:
    """The page as a person opens it."""

    @pytest.mark.parametrize("width", in_every_run([1400, 390]))
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_no_request_leaves_the_page_and_nothing_complains(
        self, chromium: Browser, address: str, language: Language, width: int
    ) -> None:
        opened = _open(chromium, f"{address}#{language}", width)
        opened.drawn()
        assert opened.requests == [address]
        assert opened.complaints == []
        assert opened.page.locator(".picture svg:visible").count() == 9
        scrolled = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert opened.page.evaluate(scrolled) == 0

    def test_a_page_that_a_stranger_left_in_the_lake_does_nothing(
        self, chromium: Browser, tmp_path: Path
    ) -> None:
        address = _shown(tmp_path, _STRANGERS)
        (tmp_path / "reports" / "code.js").write_text("document.title = 'owned'")
        refused: set[str | None] = set()
        page = chromium.new_page()
        page.on("requestfailed", lambda request: refused.add(request.failure))
        page.goto(address)
        page.wait_for_timeout(1_500)
        assert page.title() == "A report"
        page.get_by_role("button").dispatch_event("click")
        page.wait_for_timeout(500)
        assert page.url == address
        assert page.get_by_text("Figures \N{EURO SIGN}").is_visible()
        assert refused == {"csp"}

    def test_the_switch_changes_language_title_and_address(
        self, chromium: Browser, address: str
    ) -> None:
        opened = _open(chromium, address)
        page = opened.page
        seen: dict[Language, str] = {}
        labels: dict[Language, str] = {"en": "English", "pt": "Português"}
        for language, label in labels.items():
            page.get_by_label(label).check(force=True)
            opened.drawn()
            assert page.evaluate("document.documentElement.lang") == localizer(language).tag
            assert page.title() == page.locator("h1:visible").inner_text()
            seen[language] = _plain(page.locator("main").inner_text())
        assert page.url.endswith("#pt")
        result = _result(_bundled())
        en, pt = to_text(result, "en"), to_text(result, "pt")
        sides: tuple[tuple[Language, Any, Any], ...] = (("en", en, pt), ("pt", pt, en))
        for language, mine, theirs in sides:
            for answer_text, foreign in zip(mine, theirs, strict=True):
                for text in (answer_text.question, *answer_text.sentences, answer_text.caveat):
                    assert _plain(text) in seen[language]
                assert _plain(foreign.caveat) not in seen[language]
        assert opened.complaints == []

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_numbers_on_the_page_are_those_of_the_object(
        self, chromium: Browser, address: str, language: Language
    ) -> None:
        page = _open(chromium, f"{address}#{language}").page
        result, t = as_json(_result(_bundled())), localizer(language)
        shown = page.locator("data:visible").evaluate_all(
            "all => all.map(found => [found.dataset.path, found.value, found.textContent])"
        )
        assert len(shown) == 2 + 4 + 1 + 3 + 1
        for path, value, text in shown:
            found: Any = result
            for part in path.split("."):
                found = found[int(part) if part.isdigit() else part]
            assert json.loads(value) == found
            assert text in {t.money(found), t.percent(found), f"r = {t.number(found, 2)}"}
        cells = page.locator("section[aria-labelledby$=films] tbody tr:visible").evaluate_all(
            "all => all.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        for cell, record in zip(cells, _bundled(), strict=True):
            assert cell[0] == record["title"]
            assert cell[3] == t.number(record["revenue"] / 1e6, 1)
            assert cell[6] == t.number(record["popularity"], 2)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", in_every_run([390, 1400]))
    @pytest.mark.parametrize("language", in_every_run(LANGUAGES))
    def test_axe_finds_no_violation(
        self,
        chromium: Browser,
        address: str,
        language: Language,
        width: int,
        scheme: Literal["light", "dark"],
    ) -> None:
        opened = _open(chromium, f"{address}#{language}", width, color_scheme=scheme)
        paper = "getComputedStyle(document.documentElement).backgroundColor"
        dark = opened.page.evaluate(paper) == "rgb(20, 24, 29)"
        assert dark == (scheme == "dark")
        opened.drawn()
        found = Axe().run(opened.page).response["violations"]
        assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found] == []

    @pytest.mark.parametrize("width", [1400, 390])
    def test_an_address_that_names_a_language_shows_the_switch(
        self, chromium: Browser, address: str, width: int
    ) -> None:
        opened = _open(chromium, f"{address}#pt", width)
        opened.drawn()
        assert opened.page.evaluate("scrollY") == 0

    def test_the_page_begins_with_a_sentence_for_each_answer_that_leads_to_it(
        self, chromium: Browser, address: str
    ) -> None:
        opened = _open(chromium, f"{address}#pt-question-5")
        links = opened.page.locator("nav.summary a:visible")
        sentences = [text.sentences[0] for text in to_text(_result(_bundled()), "pt")]
        assert [_plain(text) for text in links.all_inner_texts()] == list(map(_plain, sentences))
        links.nth(5).click()
        assert opened.page.url.endswith("#pt-question-6")
        assert opened.page.locator("#pt-question-6").is_visible()

    def test_a_pointer_on_a_point_shows_its_figures(self, chromium: Browser, address: str) -> None:
        opened = _open(chromium, address)
        opened.drawn()
        picture = opened.page.get_by_role("img", name=re.compile("^Popularity and profit"))
        picture.locator("path[transform]").first.hover(force=True)
        tip = opened.page.locator("#tip")
        assert tip.is_visible()
        assert "popularity 86.48, $154.0 million" in tip.inner_text()
        opened.page.mouse.move(5, 5)
        assert tip.is_hidden()

    def test_without_scripts_the_page_reads_and_switches_all_the_same(
        self, chromium: Browser, address: str
    ) -> None:
        opened = _open(chromium, address, java_script_enabled=False)
        assert opened.page.locator(".picture svg:visible").count() == 9
        assert opened.page.get_by_text("The mean revenue is $327,483,286.20").first.is_visible()
        opened.page.locator("label", has_text="Português").click()
        assert opened.page.get_by_text("A média de faturamento é").first.is_visible()
        assert opened.page.get_by_text("The mean revenue is").first.is_hidden()
        # As drawn in the first language, and described in the one that is read.
        assert opened.page.locator(".picture svg:visible").count() == 9
        assert opened.page.locator(".picture[aria-label*='faturamento']:visible").count() > 0

    @pytest.mark.exhaustive
    def test_on_paper_there_is_one_language_and_no_switch(
        self, chromium: Browser, address: str, tmp_path: Path
    ) -> None:
        opened = _open(chromium, f"{address}#pt")
        opened.drawn()
        opened.page.emulate_media(media="print")
        assert opened.page.get_by_text("A média de faturamento é").first.is_visible()
        assert opened.page.get_by_text("The mean revenue is").first.is_hidden()
        assert opened.page.locator(".switch").is_hidden()
        assert opened.page.locator("details .particulars li:visible").count() == 1
        data = opened.page.pdf(format="A4", path=tmp_path / "report.pdf")
        assert data.startswith(b"%PDF")
        assert 2 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 8

    @pytest.mark.exhaustive
    def test_a_table_of_many_films_scrolls_by_itself_and_is_whole_on_paper(
        self, chromium: Browser, tmp_path: Path
    ) -> None:
        films = [
            {**_bundled()[0], "tmdb_id": n, "imdb_id": f"tt{n:07}", "title": f"Film {n}"}
            for n in range(1, 61)
        ]
        page = tmp_path / "report.html"
        page.write_text(_page_of(films), encoding="utf-8")
        opened = _open(chromium, page.as_uri())
        table = opened.page.get_by_role("region", name="Table of the films")
        assert table.evaluate("it => it.clientHeight") <= 36 * 17
        table.evaluate("it => { it.scrollTop = it.scrollHeight }")
        top, head = (
            found.evaluate("it => it.getBoundingClientRect().top")
            for found in (table, table.locator("thead th").first)
        )
        assert head == pytest.approx(top, abs=1), "the names of the columns stay"
        opened.page.emulate_media(media="print")
        assert table.evaluate("it => it.scrollHeight - it.clientHeight") == 0
        assert table.evaluate("it => it.clientHeight") > 60 * 17
