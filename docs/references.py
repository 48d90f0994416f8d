"""Make docs/references.md from docs/references.bib, one entry a line.

Run it after a change: python docs/references.py
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
HEAD = "# References\n\nFor reference managers: `docs/references.bib`. Made by `python docs/references.py`.\n\n"


def entries(text: str) -> list[dict[str, str]]:
    """Return the fields of every entry, and its key as ``key``."""
    found = []
    for line in text.splitlines():
        start = re.match(r"@\w+\{(\w+), ", line)
        if start:
            fields = dict(re.findall(r"(\w+) = \{((?:[^{}]|\{[^{}]*\})*)\}", line))
            found.append({"key": start.group(1), **fields})
    return found


def names(authors: str) -> str:
    """Return ``Zhou, Y., Yue, H., & Fang, L.`` of BibTeX's author field."""
    people = []
    for author in authors.split(" and "):
        family, _, given = author.partition(", ")
        initials = " ".join(f"{word[0]}." for word in re.split(r"[ ]", given) if word)
        people.append("others" if author == "others" else f"{family}, {initials}")
    return people[0] if len(people) == 1 else f"{', '.join(people[:-1])} & {people[-1]}"


def line(entry: dict[str, str]) -> str:
    """Return one entry as a line of Markdown."""
    where = entry.get("journal") or entry.get("booktitle") or entry.get("institution") or ""
    volume = entry.get("volume", "") + (f"({entry['number']})" if "number" in entry and "type" not in entry else "")
    report = f" {entry['type']} {entry['number']}" if "type" in entry else ""
    pages = f", {entry['pages'].replace('--', '–')}" if "pages" in entry else ""
    place = f" *{where}*{report}{' ' if volume else ''}{volume}{pages}." if where else ""
    doi = f" [doi:{entry['doi']}](https://doi.org/{entry['doi']})" if "doi" in entry else ""
    text = f"{names(entry['author'])} ({entry['year']}). {entry['title']}.{place}{doi}"
    return f"* {text}".replace('{\\"u}', "ü")


def page(bib: str) -> str:
    """Return the page, entries in the order of the file."""
    return HEAD + "\n".join(line(entry) for entry in entries(bib)) + "\n"


if __name__ == "__main__":
    (HERE / "references.md").write_text(page((HERE / "references.bib").read_text(encoding="utf-8")), encoding="utf-8")
