"""Make docs/evidence.md, docs/scenarios.md and the table of README.md from every evidence/*.json.

Accuracy, fidelity and calibration come first, then speed and memory.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import selftraining_page  # noqa: E402
from audits import page as audit_page  # noqa: E402

PAGE = HERE.parent / "docs" / "evidence.md"
SELF_TRAINING = HERE.parent / "docs" / "selftraining.md"
AUDIT = HERE.parent / "docs" / "audit_measured.md"
SCENARIOS = HERE.parent / "docs" / "scenarios.md"
BEFORE = HERE / "before" / "scenarios.json"  # of the stages as they were before this table was first made
README = HERE.parent / "README.md"
BLOCK = re.compile(r"(?<=<!-- evidence -->\n).*?(?=<!-- /evidence -->)", re.DOTALL)
ORDER = ("waveforms", "pick", "onsets", "associate", "locate", "hypoinverse", "measure", "exchange", "run", "simulate",
         "realism", "audit")
HEAD = """# Evidence

Every figure that this documentation or the README claims, with what was aimed at, on which data, and the command
that recomputes it. `python evidence/page.py` makes this page from `evidence/*.json`; `make evidence` recomputes
accuracy, fidelity and calibration, `make bench` speed and memory beside the peers. Figures on real recordings need the
data folder (`$QUAKESCRIBE_DATA`); without it, only the simulated ones are made. *Not met* is written where it is so.
"""

SCENARIOS_HEAD = """# Scenarios

The whole pipeline, with its default settings, on the scenarios of the [simulator](simulate.md), scored against the
truth. Every figure is explained there. Picks are judged one by one; an event is found if most of its arrivals lie on
it; a phase is detectable from a signal-to-noise ratio of 2 on, an event with P and S detectable at four stations.
"""

BIAS, SLOPE = "magnitude: ML minus true magnitude, median", "magnitude: slope of ML against true magnitude"
INSIDE = "location: true hypocentre inside the 68% ellipsoid (covariance)"
JUDGEMENT = """In brackets is what the pipeline made of the same scenarios before this table was used to mend it: the
stages of an earlier commit (named at the end), run on the scenarios as they were then; numbers of true and detectable
events are the same, the recordings differ in details of the ground motion.

**What was mended by it**: onsets are placed by Akaike's criterion; an S is not given out as P; the trigger asks for 8
instead of 12; errors that P and S of a station share widen the stated uncertainty of its events; events of three pairs
and a single onset are found in a second pass; ML is solved with station corrections, and with limits from stations
where an event does not stand out.

**What stays weak.** *Magnitudes of small events*: ML is too large by {bias_quiet} on `quiet` and {bias_mine} on `mine`,
and its slope against the true magnitude is {slope} on `quiet`: near the threshold only events are found that radiate
more than others of their size, and noise is not told apart wholly ([measure](measure.md)). *Dense swarms*: {merges}
events hold several true ones, and a tenth of the epicentres are off by more than {far} km. *Wrong clocks*: on
`obs-like`, two of whose eight clocks are wrong by some tenths of a second and whose stations delay by 0.1 s,
{inside_obs} of the true hypocentres lie in the 68% ellipsoid: `locate.model_error_s` must be set to what a network is
really like. Elsewhere the regions are too large rather than too small ({inside_quiet} on `quiet`). *S*: of the
detectable ones {recall_s} are picked on `quiet`; most of the others are at stations without a detectable P, where a
picker of pairs has nothing to begin with (a [network](networks.md) finds them). The lower trigger makes more false
pairs, which the associator throws out.
"""
JUDGED = {
    "bias_quiet": (BIAS, "quiet"), "bias_mine": (BIAS, "mine"), "slope": (SLOPE, "quiet"),
    "merges": ("association: merges (events that hold several true ones)", "swarm"),
    "far": ("location: epicentre error, 90%", "swarm"), "inside_obs": (INSIDE, "obs-like"),
    "inside_quiet": (INSIDE, "quiet"), "recall_s": ("picks: recall of detectable S", "quiet"),
}
RIDGECREST = "ridgecrest_waveforms, default settings"
SENSITIVE = "ridgecrest_waveforms, trigger threshold 6 instead of 8"
AMATRICE = "amatrice_waveforms, default settings, generic crust"
RECALL = "recall of the catalogue's events, M >= 1.5"
READING = (
    """### How to read the recall on real recordings

In the 80 minutes of Ridgecrest around the M6.4 the default settings make {events} events, and find {recall} of the
regional network's events of M 1.5 and more. With `pick.trigger_threshold = 6` they find {recall_6}, with more events
that are not in the catalogue ({extra_6} instead of {extra}). The original PAL made {pal} events in this window,
on 14 stations. The limit is the picker's trigger: in the coda of the mainshock and of the larger aftershocks the
energy does not rise enough above what precedes it.""",
    """Of the catalogue's events, {possible} have pairs near the predicted P and S at 4 stations or more; of these, a
share of {found} is found.""",
    """The ten minutes of Amatrice ({amatrice_events} events; recall {amatrice_recall}; epicentres {amatrice_km} km
apart in the median) are located in the generic crust without station corrections, and compared with a double-difference
catalogue.""",
)
PICK_REFERENCE = "PAL pairs with the same P (0.05 s): as the reference was made, all mends on"
PICK_DEFAULT = "PAL pairs with the same P (0.05 s): the defaults"
IN_REGION = "truth in the 68% hypocentre region, picks and model, inside"
AS_HYPOINVERSE = "20 trial depths: epicentre difference, median"
# The table of README.md: what it says, and the record: stage, name, beginning of its data.
HEADLINES = (
    ("published PAL pairs picked again (P within 0.05 s), set as they were made", "pick", PICK_REFERENCE, "ridgecrest"),
    ("published PAL pairs picked again (P within 0.05 s), default settings", "pick", PICK_DEFAULT, "ridgecrest"),
    ("PAL's events found again from its picks", "associate", "PAL's events found again", "ridgecrest"),
    ("picks associated by chance, their times shifted", "associate", "null test: picks associated, mean", "ridgecrest"),
    ("true hypocentre in the 68% region", "locate", IN_REGION, "simulated"),
    ("epicentres as HYPOINVERSE's, median difference", "hypoinverse", AS_HYPOINVERSE, "ridgecrest"),
    ("ML against the regional catalogue, median", "measure", "ML minus catalogue, absolute median", "ridgecrest"),
    ("catalogue's events of M 1.5 and more found, around an M6.4", "run", RECALL, RIDGECREST),
    ("PhaseNet's recall of simulated P with a signal-to-noise ratio above 10", "realism",
     "PhaseNet's recall of P, SNR above 10", "scenario aftershocks"),
    ("PhaseNet's recall of simulated S with a signal-to-noise ratio above 10", "realism",
     "PhaseNet's recall of S, SNR above 10", "scenario aftershocks"),
    ("true events found by SAR, trained on a quiet network, over the rule-based picker that taught it", "selftraining",
     "true events found, SAR over pal", "region quiet"),
    ("the same, over EQTransformer (STEAD), at equal precision", "selftraining",
     "true events found at a precision of 0.98, SAR over eqt-stead", "region quiet"),
    ("verdicts 'bad' of the audit on sound simulated catalogues", "audit", "verdicts 'bad' on sound catalogues",
     "ten simulated"),
    ("station-days simulated per minute on two cores", "bench-simulate", "station-days per minute, 2 workers",
     "scenario"),
    ("reading, filtering and picking a station-day", "bench-pick", "read + prepare + pick", "simulated"),
    ("association, times as fast as PyOcto", "bench-associate", "times faster than PyOcto", "second day"),
)
# What is read from which record: stage, name, data.
READ = {
    "events": ("run", "events", RIDGECREST),
    "recall": ("run", RECALL, RIDGECREST),
    "recall_6": ("run", RECALL, SENSITIVE),
    "extra": ("run", "events not in the catalogue", RIDGECREST),
    "extra_6": ("run", "events not in the catalogue", SENSITIVE),
    "pal": ("run", "events that the original PAL made in this window (14 stations)", "ridgecrest_picks"),
    "possible": ("run", "catalogue's events with consistent pairs at 4 stations", RIDGECREST),
    "found": ("run", "share of these found", RIDGECREST),
    "amatrice_events": ("run", "events", AMATRICE),
    "amatrice_recall": ("run", "recall of the reference catalogue's events", AMATRICE),
    "amatrice_km": ("run", "epicentre difference, median", AMATRICE),
}


def sign(aim: list[Any] | None) -> str:
    """Return an aim as people write it."""
    if not aim:
        return ""
    if aim[0] == "in":
        return f"{number(aim[1])} to {number(aim[2])}"
    return f"{'≥' if aim[0] == '>=' else '≤'} {number(aim[1])}"


def met(value: Any, aim: list[Any] | None) -> str:
    """Return whether the value keeps its aim; nothing where there is none, a question mark where it is no number."""
    if not aim:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return "?"
    low = aim[1] if aim[0] in (">=", "in") else -math.inf
    high = aim[-1] if aim[0] in ("<=", "in") else math.inf
    return "met" if low <= value <= high else "**not met**"


def number(value: Any) -> str:
    """Return a number with four significant digits and separators; text as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows of one stage as a Markdown table, and below it when and how they were made."""
    lines = ["| figure | value | aim | | data |", "|---|---|---|---|---|"]
    for row in rows:
        unit = "" if row["unit"] in ("-", "") else f" {row['unit']}"
        note = f" ({row['note']})" if row.get("note") else ""
        cells = (
            f"{row['name']}{note}",
            f"{number(row['value'])}{unit}",
            sign(row["aim"]),
            met(row["value"], row["aim"]),
            row["data"],
        )
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    made = sorted({(row["how"], row["commit"], row["date"]) for row in rows})
    told = "; ".join(f"`{how}` at commit {commit}, {date}" for how, commit, date in made)
    return "\n".join(lines) + f"\n\nMade by {told}.\n"


def summary(stages: dict[str, list[dict[str, Any]]]) -> str:
    """Return how many aims are met, and the ones that are not."""
    aimed = [(name, row) for name, rows in stages.items() for row in rows if row["aim"]]
    missed = [(name, row) for name, row in aimed if met(row["value"], row["aim"]) != "met"]
    text = f"{len(aimed) - len(missed)} of {len(aimed)} aims are met."
    if missed:
        text += (
            " Not met: "
            + "; ".join(
                f"{row['name']} ({name}: {number(row['value'])}, aim {sign(row['aim'])})" for name, row in missed
            )
            + "."
        )
    return text + "\n"


def find(stages: dict[str, list[dict[str, Any]]], stage: str, name: str, data: str) -> dict[str, Any] | None:
    """Return the record of a stage with this name and data that begin so; None where there is none."""
    rows = [row for row in stages.get(stage, []) if row["name"] == name and row["data"].startswith(data)]
    return rows[0] if rows else None


def reading(stages: dict[str, list[dict[str, Any]]]) -> str:
    """Return what the figures on real recordings mean; paragraphs whose figures are missing are left out."""
    rows = {key: find(stages, *where) for key, where in READ.items()}
    values = {key: number(row["value"]) for key, row in rows.items() if row}
    said = [text for text in READING if set(re.findall(r"{(\w+)}", text)) <= set(values)]
    return "\n\n".join(text.format(**values) for text in said) + "\n" if said else ""


def readme(text: str, stages: dict[str, list[dict[str, Any]]]) -> str:
    """Return the README with the table between its two marks made anew."""
    lines = ["| figure | value | aim | data |", "|---|---|---|---|"]
    for label, *where in HEADLINES:
        row = find(stages, *where)
        if row is None:
            continue
        unit = "" if row["unit"] in ("-", "", "share") else f" {row['unit']}"
        missed = ", **not met**" if met(row["value"], row["aim"]) not in ("", "met") else ""
        lines.append(f"| {label} | {number(row['value'])}{unit} | {sign(row['aim'])}{missed} | {row['data']} |")
    return BLOCK.sub(lambda _: "\n".join(lines) + "\n", text)


def page(stages: dict[str, list[dict[str, Any]]]) -> str:
    """Return the whole page; stages named ``bench-...`` come last, in a section of their own."""

    def place(name: str) -> tuple[int, str]:
        plain = name.removeprefix("bench-")
        return (ORDER.index(plain) if plain in ORDER else len(ORDER), plain)

    parts = [HEAD]
    stages = {name: rows for name, rows in stages.items() if name != "scenarios"}  # have a page of their own
    for name in ("audit", "selftraining"):  # so has most of these
        if name in stages:
            stages[name] = [row for row in stages[name] if row["aim"]]
    for title, chosen in (
        ("Accuracy, fidelity, calibration", [n for n in stages if not n.startswith("bench-")]),
        ("Speed and memory", [n for n in stages if n.startswith("bench-")]),
    ):
        if not chosen:
            continue
        parts.append(f"## {title}\n\n{summary({name: stages[name] for name in chosen})}")
        parts += [
            f"### {name.replace('bench-', 'speed of ')}\n\n{table(stages[name])}" for name in sorted(chosen, key=place)
        ]
        if not title.startswith("Speed") and (told := reading(stages)):
            parts.insert(2, told)
    return "\n".join(parts)


def scenarios(rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> str:
    """Return the page that has one table per part of the score and one column per scenario.

    Where a figure was another before the stages were mended by what this table showed, the old one stands in brackets.
    """
    names = list(dict.fromkeys(row["data"] for row in rows))
    value = {(row["name"], row["data"]): number(row["value"]) for row in rows}
    old = {(row["name"], row["data"]): number(row["value"]) for row in before}
    unit = {row["name"]: row["unit"] for row in rows}
    parts: dict[str, list[str]] = {}
    for row in rows:
        part, figure = row["name"].split(": ", 1)
        if figure not in parts.setdefault(part, []):
            parts[part].append(figure)
    told = {word: value.get((figure, f"scenario {name}"), "?") for word, (figure, name) in JUDGED.items()}
    lines = [SCENARIOS_HEAD, JUDGEMENT.format(**told)]
    for part, figures in parts.items():
        lines += [f"## {part}\n", "| figure | " + " | ".join(name.removeprefix("scenario ") for name in names) + " |",
                  "|---" * (len(names) + 1) + "|"]
        for figure in sorted(figures, key=_by_magnitude):
            of = unit[f"{part}: {figure}"]
            cells = [figure if of in ("-", "") else f"{figure} ({of})"]
            for name in names:
                new, was = (table.get((f"{part}: {figure}", name), "") for table in (value, old))
                cells.append(new if was in ("", new) else f"{new} ({was})")
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    made = sorted({(row["commit"], row["date"]) for row in rows})
    was = sorted({(row["commit"], row["date"]) for row in before})
    lines.append("Made by `python evidence/scenarios.py` at commit " + "; ".join(", ".join(one) for one in made)
                 + ("; in brackets, the stages of commit " + "; ".join(", ".join(one) for one in was) if was else "")
                 + ".")
    return "\n".join(lines) + "\n"


def _by_magnitude(figure: str) -> tuple[bool, str, float]:
    """Order figures as they come; those by magnitude last, by name, ascending."""
    found = re.search(r"(.*) \(M (-?[\d.]+) to", figure)
    return (True, found[1], float(found[2])) if found else (False, "", 0.0)


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the records of every stage; stages without records are left out."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: rows for name, rows in found.items() if rows}


if __name__ == "__main__":
    found = read(HERE)
    PAGE.write_text(page(found), encoding="utf-8")
    before = json.loads(BEFORE.read_text(encoding="utf-8")) if BEFORE.exists() else []
    SCENARIOS.write_text(scenarios(found.get("scenarios", []), before), encoding="utf-8")
    if "selftraining" in found:
        SELF_TRAINING.write_text(selftraining_page.page(found["selftraining"], number, sign, met), encoding="utf-8")
    if "audit" in found:
        AUDIT.write_text(audit_page.page(found["audit"], number), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), found), encoding="utf-8")
    print(f"wrote {PAGE} and the table of {README}")
