"""Draw docs/figures/pipeline.svg: the stages, what flows between them, and what each one asks.

Run it after a change: python docs/figures/pipeline.py
"""

from __future__ import annotations

from pathlib import Path

WIDTH, HEIGHT = 1090, 344
STAGES = (
    ("pick", "Where does a P,\nwhere an S begin?", "picks"),
    ("associate", "Which picks belong\nto one event?", "events, arrivals"),
    ("locate", "Where and when,\nhow well known?", "origins"),
    ("measure", "How large?", "magnitudes"),
    ("report", "What came out,\nwhat was left out?", "one HTML file"),
)
BOX, GAP, LEFT, TOP, TALL = 150, 37, 160, 62, 104

STYLE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif; }
.name { font-size: 19px; font-weight: 650; fill: #1b2430; }
.ask, .flow { font-size: 13.5px; fill: #566273; }
.flow { font-style: italic; }
.box { fill: #ffffff; stroke: #b4bdc8; stroke-width: 1.5; }
.arrow { stroke: #566273; stroke-width: 1.8; fill: none; }
.head { fill: #566273; }
.wave { stroke: #0072b2; stroke-width: 1.7; fill: none; }
.p { stroke: #0072b2; stroke-width: 2.2; }
.s { stroke: #d55e00; stroke-width: 2.2; stroke-dasharray: 5 3; }
.ground { fill: #f4f6f8; }
@media (prefers-color-scheme: dark) {
.name { fill: #e7ebf0; } .ask, .flow { fill: #9fabba; } .box { fill: #171d25; stroke: #4b5766; }
.arrow { stroke: #9fabba; } .head { fill: #9fabba; } .wave, .p { stroke: #5bb7ec; } .s { stroke: #ff9450; }
.ground { fill: #0f141a; }
}
"""


def seismogram(x: float, y: float, width: float, p: float, s: float) -> str:
    """Return a trace as a path: noise, a P pulse, a larger S pulse, each dying away."""
    import math

    points = []
    for i in range(int(width) + 1):
        noise = 0.8 * math.sin(1.7 * i) + 0.6 * math.sin(2.9 * i + y)
        pulse = 9 * math.exp(-(i - p) / 12) * math.sin(1.1 * (i - p)) if i > p else 0.0
        late = 19 * math.exp(-(i - s) / 16) * math.sin(0.8 * (i - s)) if i > s else 0.0
        points.append(f"{x + i:.0f},{y - noise - pulse - late:.1f}")
    marks = "".join(
        f'<line class="{name}" x1="{x + at:.0f}" x2="{x + at:.0f}" y1="{y - 21:.0f}" y2="{y + 21:.0f}"/>'
        for name, at in (("p", p), ("s", s))
    )
    return f'<polyline class="wave" points="{" ".join(points)}"/>{marks}'


def draw() -> str:
    """Return the figure as SVG text."""
    middle = TOP + TALL / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
        '<title id="t">From waveforms to a catalogue</title>',
        '<desc id="d">Waveforms go through pick, associate, locate, measure and report; '
        "located arrivals train the next picker.</desc>",
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
    ]
    for y, p, s in ((middle - 50, 30, 58), (middle, 22, 44), (middle + 50, 40, 78)):
        parts.append(seismogram(14, y, 104, p, s))
    parts.append(f'<text class="flow" x="66" y="{TOP + TALL + 34}" text-anchor="middle">waveforms</text>')
    for i, (name, ask, made) in enumerate(STAGES):
        x = LEFT + i * (BOX + GAP)
        parts.append(arrow(x - GAP + (8 if i else 12), x - 6, middle))
        parts.append(f'<rect class="box" x="{x}" y="{TOP}" width="{BOX}" height="{TALL}" rx="9"/>')
        parts.append(f'<text class="name" x="{x + BOX / 2:.0f}" y="{TOP + 34}" text-anchor="middle">{name}</text>')
        for k, line in enumerate(ask.split("\n")):
            parts.append(
                f'<text class="ask" x="{x + BOX / 2:.0f}" y="{TOP + 60 + 18 * k}" text-anchor="middle">{line}</text>'
            )
        parts.append(
            f'<text class="flow" x="{x + BOX / 2:.0f}" y="{TOP + TALL + 34}" text-anchor="middle">{made}</text>'
        )
    parts += way_back(*(LEFT + i * (BOX + GAP) + BOX / 2 for i in range(3)), TOP + TALL + 46)
    parts.append(
        f'<text class="ask" x="{WIDTH / 2:.0f}" y="{HEIGHT - 20}" text-anchor="middle">'
        "Stages meet only through tables; each works alone on plain files; what is left out is listed with its reason."
        "</text></svg>"
    )
    return "\n".join(parts) + "\n"


def way_back(pick: float, train: float, locate: float, y: float) -> list[str]:
    """Return the box 'train' and the arrows to it from what is located, and from it to pick (x of their middles)."""
    left, right, middle = train - BOX / 2, train + BOX / 2, y + 50
    return [
        f'<path class="arrow" d="M{locate:.0f} {y:.0f} V{middle:.0f} H{right + 14:.0f}"/>'
        f'<path class="head" d="M{right + 6:.0f} {middle:.0f} l10 -5 v10 z"/>',
        f'<rect class="box" x="{left:.0f}" y="{y + 10:.0f}" width="{BOX}" height="80" rx="9"/>',
        f'<text class="name" x="{train:.0f}" y="{middle - 8:.0f}" text-anchor="middle">train</text>',
        f'<text class="ask" x="{train:.0f}" y="{middle + 18:.0f}" text-anchor="middle">a picker of its own</text>',
        f'<path class="arrow" d="M{left - 6:.0f} {middle:.0f} H{pick:.0f} V{y + 10:.0f}"/>'
        f'<path class="head" d="M{pick:.0f} {y:.0f} l-5 10 h10 z"/>',
        f'<text class="flow" x="{(pick + left) / 2 - 3:.0f}" y="{middle - 8:.0f}" text-anchor="middle">weights</text>',
        f'<text class="flow" x="{(locate + right) / 2:.0f}" y="{middle - 8:.0f}" text-anchor="middle">labels</text>',
    ]


def arrow(x1: float, x2: float, y: float) -> str:
    """Return an arrow from left to right."""
    return (
        f'<line class="arrow" x1="{x1:.0f}" x2="{x2 - 8:.0f}" y1="{y:.0f}" y2="{y:.0f}"/>'
        f'<path class="head" d="M{x2:.0f} {y:.0f} l-10 -5 v10 z"/>'
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(), encoding="utf-8")
