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
        "Completeness and b",
        "First estimates by maximum curvature (Wiemer & Wyss 2000; correction: Woessner & Wiemer 2005) and "
        "by the maximum likelihood of grouped magnitudes (Aki 1965; Tinti & Mulargia 1987), its error after "
        "Shi & Bolt (1982). "
        "Maximum curvature is a lower bound where detection fades gradually.",
    ),
)

REFERENCES: tuple[str, ...] = (
    "Aki, K. (1965). Maximum likelihood estimate of b in the formula log N = a − bM and its confidence limits. "
    "Bulletin of the Earthquake Research Institute 43, 237–239.",
    "Klein, F. W. (2002). User's guide to HYPOINVERSE-2000. U.S. Geological Survey Open-File Report 02-171.",
    "Shi, Y., & Bolt, B. A. (1982). The standard error of the magnitude-frequency b value. "
    "Bulletin of the Seismological Society of America 72(5), 1677–1687.",
    "Tinti, S., & Mulargia, F. (1987). Confidence intervals of b values for grouped magnitudes. "
    "Bulletin of the Seismological Society of America 77(6), 2125–2134.",
    "Wiemer, S., & Wyss, M. (2000). Minimum magnitude of completeness in earthquake catalogs. "
    "Bulletin of the Seismological Society of America 90(4), 859–869.",
    "Woessner, J., & Wiemer, S. (2005). Assessing the quality of earthquake catalogues: estimating the magnitude of "
    "completeness and its uncertainty. Bulletin of the Seismological Society of America 95(2), 684–698.",
)
