"""The reference pages are what the code says, and every link on any page leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventsim.scenario import unsimulated
from eventsim.scenario.project import aboard, number
from eventsim.scenario.reference import markdown

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9_ -]", "", each.lower()).replace(" ", "-") for each in headings}


def broken(path: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if "://" in link:
            continue
        if not target.is_file() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            yield link


def test_the_page_of_scenarios_is_current() -> None:
    assert page("scenarios") == markdown(), (
        "python -m eventsim.scenario.reference > docs/scenarios.md"
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    assert list(broken(path)) == []


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ("a function", unsimulated.FUNCTION_PROPERTIES),
        ("a mapping", unsimulated.MAPPING_PROPERTIES),
        ("an event below a function", unsimulated.EVENT_TYPES),
    ],
)
def test_what_is_refused_by_name_is_on_its_page(row: str, refused: frozenset[str]) -> None:
    (found,) = re.findall(rf"^\| {row} \| (.*) \|$", page("not-simulated"), re.MULTILINE)

    assert found == " ".join(f"`{name}`" for name in sorted(refused))


def test_every_lesson_is_one_of_an_invocation_model_or_of_all() -> None:
    (row,) = re.findall(r"^\| lessons \| (.*) \|$", page("invocation-models"), re.MULTILINE)
    named = set()
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", row):
        named |= {*range(int(first), int(last or first) + 1)}

    assert named <= {number(path) for path in aboard()}
