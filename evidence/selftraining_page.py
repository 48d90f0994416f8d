"""The page of self-training: one table per experiment, a row per picker, made from evidence/selftraining.json."""

from __future__ import annotations

import re
from typing import Any

HEAD = """# Self-training, measured

What a picker trained on a network's own recordings finds there, beside the rule-based picker that taught it and
beside pretrained networks. All experiments are made by [`quakescribe compare`](compare.md) from the settings in
`evidence/selftraining.py`; `make selftraining` repeats them (hours on two cores).

**How.** A network is simulated for some days. The rule-based picker makes a catalogue of the first part; its
associated pairs are the labels. Every picker then makes a catalogue of the second part, with the same associator and
locator, and is scored against the truth. No label of the second part was seen in training; the number of epochs was
chosen by the validation loss on held-out hours of the first. *Arms*: `pal`, this
package's rule-based picker, whose run of the first part is the teacher; `pal-published`, the same set as PAL was
published; `phasenet-ncedc`, PhaseNet with its original weights (northern California); `eqt-stead` and
`eqt-conservative`, EQTransformer (STEAD); `sar` and `phasenet`, trained from scratch on the teacher's labels. Figures
are means over the seeds of training, in brackets the smallest and largest.

Probabilities of different networks do not mean the same, so the same threshold is no fair comparison of events. At
**equal precision** every picker is taken at the threshold from 0.05 to 0.7 at which it finds most true events while
{precise:.0%} of its events are true (interpolated; 0 if it never is so precise). A simulation knows the truth; without
it the association rate stands in for it.
"""
TEXT = {
    "quiet": """## A quiet region

The `quiet` scenario (16 stations) with 500 background events a day above magnitude -1.1; six days to train on, two to
pick. Most events are below what the rule-based picker can see.

![Associated picks against association rate](figures/selftraining-quiet-thresholds.png)

*What it says.* The published networks find many of the events, among far more picks that are none. Trained on what the
rule-based picker associated here, a network finds more events than any of them, and half of its picks, two thirds of
its pairs, are in an event. It matters that it is trained here more than which network it is: PhaseNet, trained on the
same labels (one seed, in the table below, not drawn), does as well as SAR.
""",
    "aftershocks": """## Aftershocks

The `aftershocks` scenario (14 stations, a mainshock of magnitude 5.2), events above -0.6; ten hours to train on, six
to pick.

![Associated picks against association rate](figures/selftraining-aftershocks-thresholds.png)

*What it says.* The rule-based picker sees more here, so less is left to be won, and published networks are nearer. The
probabilities of PhaseNet, trained on little, differ from seed to seed: with one of three no event is found at the usual
threshold, at a lower one nearly as many as with the others. Look at a sweep before a threshold is chosen.
""",
    "negatives": """## How many negatives

The reference study's Figure 7: all numbers of negatives of the adaptive rule times a quarter, one and 1.75, for SAR,
two seeds each; trained on three days of the quiet region, one day picked, threshold 0.3. Passes over
the positives are the same for all, as in AI-PAL, so more negatives are more steps.

![Association rate and associated picks along the number of negatives](figures/negatives-along.png)

*What it says.* As in the study, more negatives raise the association rate, and a quarter of them gives about half of
it; associated picks do not fall, their differences are those between seeds. The truth adds what the study could not
see: at equal precision of events more negatives find more true events, not fewer, and between one and 1.75 times the
rule's number the difference is within that of the seeds.

![Associated picks against association rate, threshold by threshold](figures/negatives-thresholds.png)
""",
    "elsewhere": """## Trained in A, used in B

SAR trained in A, the quiet region, is used in regions B that differ from it in one thing: another network, with its
own site responses and noise (all of them, the first nothing else), then one factor more. `from-A`: as it is;
`from-A-tuned-in-B`: three more epochs on the labels of two days in B; `trained-in-B`: from scratch on these, ten
epochs. One day of B is picked, with one seed of training. What a factor costs is the difference to the first region.
A fourth factor (a network twice as wide) is set up in `evidence/selftraining.py` and has not been run.

*What it says.* Another network of the same kind costs little: weights from A find more than weights trained in B on
two days, and tuning gives most. With noise 17 to 27 dB stronger (1 to 10 Hz) hardly any events are left to be found or
learned from (`trained-in-B` learned nothing from the labels of 19 events, and is left out); weights from A find more
of them than the rule-based picker, without its false ones. Under stronger attenuation the events that remain are
fewer too, and training from scratch on the labels of 84 events is worse than not training: weights from A, tuned on
them, find twice as much as the rule-based picker, none of it false.
""",
    "ridgecrest": """## Real recordings

The 80 minutes of `ridgecrest_waveforms` (21 stations) around the M6.4 of 2019: trained on one part of the window, the
other part picked, and the reverse. There are only some dozens of events to learn from: `sar` is trained on them from
scratch, `sar-from-simulation` begins with the weights of the simulated quiet region. What is true is not known here;
the recall is that of the regional network's catalogue.

*What it says.* Fifty minutes, or thirty, are too little to train a network from scratch: against the picker that
taught it SAR finds a little less of the one part and a little more of the other. Begun with weights from a simulation,
which never saw a real recording, and tuned on the same labels, it finds clearly more than the rule-based picker, nearly
as much as PhaseNet, whose original weights come from the neighbouring northern California.
""",
}
EQUAL = re.compile(r"(.*) at a precision of ([\d.]+)$")


def page(rows: list[dict[str, Any]], number: Any, sign: Any, met: Any) -> str:
    """Return the page; `number`, `sign` and `met` write a value, an aim, and whether it is kept."""
    precise = next((EQUAL.match(row["name"])[2] for row in rows if EQUAL.match(row["name"])), "0.98")
    lines = [HEAD.format(precise=float(precise))]
    for part, text in TEXT.items():
        mine = [row for row in rows if row["part"] == part]
        if not mine:
            continue
        lines.append(text)
        aimed = [row for row in mine if row["aim"]]
        if aimed:
            lines += ["| | measured | aim | |", "|---|---|---|---|"]
            lines += ["| " + " | ".join((row["name"], number(row["value"]), sign(row["aim"]),
                                         met(row["value"], row["aim"]))) + " |" for row in aimed]
            lines.append("")
        plain = [row for row in mine if not row["aim"]]
        for where in dict.fromkeys(_split(row)[1] for row in plain):
            lines += _table([row for row in plain if _split(row)[1] == where], where, number)
        made = sorted({(row["commit"], row["date"]) for row in mine})
        lines.append(f"Made by `python evidence/selftraining.py {part}` at commit "
                     + "; ".join(", ".join(one) for one in made) + ".\n")
    return "\n".join(lines)


def _split(row: dict[str, Any]) -> tuple[str, str]:
    """Return arm and where of a record's data."""
    arm, _, where = row["data"].partition("; ")
    return arm, where


def _table(rows: list[dict[str, Any]], where: str, number: Any) -> list[str]:
    """Return one table: a row per figure, a column per arm; equal precision last."""
    cells: dict[str, dict[str, str]] = {}
    arms: dict[str, None] = {}
    for row in rows:
        arm, equal = _split(row)[0], EQUAL.match(row["name"])
        name = f"{equal[1]}, at equal precision" if equal else row["name"]
        spread = re.search(r"seeds, (\S+) to (\S+)", row.get("note", ""))
        said = number(row["value"]) + (f" ({number(float(spread[1]))}-{number(float(spread[2]))})" if spread else "")
        cells.setdefault(name, {})[arm] = said
        arms[arm] = None
    title = [f"**{where}**\n"] if where.startswith(("B:", "ridge")) else []
    head = [*title, "| | " + " | ".join(f"`{arm}`" for arm in arms) + " |", "|---" * (len(arms) + 1) + "|"]
    body = ["| " + " | ".join([name, *(cells[name].get(arm, "") for arm in arms)]) + " |"
            for name in sorted(cells, key=lambda name: "equal" in name)]
    return [*head, *body, ""]
