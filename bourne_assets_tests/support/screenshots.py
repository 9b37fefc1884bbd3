"""The README's pictures of Dagster's UI, made by the same means as the UI is tested with.

make screenshots
"""

import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, Page, expect

from bourne_assets_tests.support.ui import ROOT, DevServer, browser_window, dagster_dev, wait_for

PICTURES = ROOT / "docs" / "pictures"
#: Groups of the graph, as Dagster's UI names those that are open.
_GROUPS = [f"global@global:{group}" for group in ("raw", "bourne_trusted", "bourne_refined")]
#: Where the graph is in a window, without menus.
_GRAPH: FloatRect = {"x": 575, "y": 160, "width": 978, "height": 580}


def main() -> None:
    """Run everything once in a fresh folder, and take the pictures."""
    with (
        tempfile.TemporaryDirectory(prefix="bourne-screenshots-") as folder,
        dagster_dev(Path(folder), {}) as dev,
        browser_window(f"{dev.url}/asset-groups") as page,
    ):
        page.get_by_role("button", name="Materialize all").click()
        wait_for(lambda: _succeeded(dev), 180, "the run succeeds")
        _lineage(page, dev)
        _picture_answers(page, dev)
        print(f"The pictures are in {PICTURES.relative_to(ROOT)}.")


def _succeeded(dev: DevServer) -> bool:
    has_answers = set(dev.checks("insight_metrics")) == {"SUCCEEDED"}
    return has_answers and {run["status"] for run in dev.runs()} == {"SUCCESS"}


def _lineage(page: Page, dev: DevServer) -> None:
    page.goto(f"{dev.url}/asset-groups?expanded={','.join(_GROUPS)}")
    for asset in ("raw_csvs_s3", "tmdb_search", "saga_report"):
        expect(page.get_by_text(asset, exact=True).first).to_be_visible()
    page.wait_for_timeout(3_000)
    page.screenshot(path=PICTURES / "lineage.png", clip=_GRAPH)


def _picture_answers(page: Page, dev: DevServer) -> None:
    page.goto(f"{dev.url}/assets/insight_metrics?view=events")
    page.get_by_text("[Show Markdown]").first.click()
    expect(page.get_by_text("$327,483,286.20, over 5 films.")).to_be_visible()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "answers.png")


if __name__ == "__main__":
    main()
