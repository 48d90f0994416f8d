"""What the words of the report mean, and where its methods come from."""

from __future__ import annotations

NOTES: tuple[tuple[str, str], ...] = (
    (
        "Pick and pair",
        "A pick is one onset of one phase at one station. A pair is a P and an S of one station that the "
        "picker found together. Every figure says which of the two it counts.",
    ),
    (
        "Association rate",
        "Associated picks over all picks. It falls with false picks, and also with true picks of events "
        "too small for enough stations: it is not the share of true picks.",
    ),
    ("Residual", "Observed minus predicted arrival time. Positive: the arrival is late."),
    ("Depth and elevation", "Depth in km below sea level, positive down; events above sea level have negative depths."),
    (
        "ERH, ERZ",
        "One standard error of the location, horizontal and vertical. They follow from the uncertainty of the "
        "arrivals and the stations around; a velocity model that is wrong everywhere is not in them.",
    ),
    (
        "Quality and well located",
        "The letter sums up misfit, errors and geometry as HYPOINVERSE does (Klein 2002). "
        "Well located is the rule of the settings well_* in the section locate below.",
    ),
    (
        "Verdict",
        "Good, watch or bad by limits that stand in the settings; bad only where chance is excluded. Cannot tell: too "
        "few data, something missing, or an interval that reaches from bad to good.",
    ),
    (
        "Interval and expected",
        "The interval holds the value with 95% (resampled blocks of time, or Wilson's for a share). Expected is the "
        "null: the value without a fault, or by chance.",
    ),
)

REFERENCES: tuple[str, ...] = (
    "Klein, F. W. (2002). User's guide to HYPOINVERSE-2000. U.S. Geological Survey Open-File Report 02-171.",
)
