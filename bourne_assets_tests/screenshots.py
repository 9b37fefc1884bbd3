"""The README's pictures of Dagster's UI, made by the same means as the UI is tested with.

make screenshots
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from bourne_assets_tests.ui import ROOT, DevServer, browser_window, dagster_dev, wait_for

PICTURES = ROOT / "docs" / "pictures"


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
        _answers(page, dev)
        print(f"The pictures lie in {PICTURES.relative_to(ROOT)}.")


def _succeeded(dev: DevServer) -> bool:
    return all(set(dev.checks(name)) == {"SUCCEEDED"} for name in ("insight_metrics",))


def _lineage(page: Page, dev: DevServer) -> None:
    page.goto(f"{dev.url}/asset-groups?expanded=all")
    for group in ("raw", "trusted", "refined"):
        page.get_by_text(group, exact=True).last.dblclick()
        page.wait_for_timeout(1_000)
    expect(page.get_by_text("insight_metrics").first).to_be_visible()
    page.wait_for_timeout(2_000)
    page.screenshot(path=PICTURES / "lineage.png")


def _answers(page: Page, dev: DevServer) -> None:
    page.goto(f"{dev.url}/assets/insight_metrics?view=events")
    page.get_by_text("[Show Markdown]").first.click()
    expect(page.get_by_text("$327,483,286.20, over 5 films.")).to_be_visible()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "answers.png")


if __name__ == "__main__":
    main()
