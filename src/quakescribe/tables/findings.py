"""Findings: what was measured about the result; and skips: what was left out of it, and why."""

from quakescribe.tables.schema import TIME, Column, Table

FINDINGS = Table(
    name="findings",
    meaning="one row per metric, scope and key",
    key=("metric", "scope", "key"),
    sort=("metric", "scope", "key"),
    columns=(
        Column("metric", "str", "-", "what was measured"),
        Column("scope", "str", "-", "network, station, day, hour, phase, event, stage, place, pair, side"),
        Column("key", "str", "-", "which one of the scope; empty for the network", blank=True),
        Column("value", "float64", "-", "the value, in the unit below", nullable=True),
        Column("low", "float64", "-", "lower end of its 95% interval", nullable=True),
        Column("high", "float64", "-", "upper end of its 95% interval", nullable=True),
        Column("expected", "float64", "-", "its null: what it would be without fault, or by chance", nullable=True),
        Column("n", "float64", "-", "how many things it rests on", 0.0, nullable=True),
        Column("unit", "str", "-", "of value, low, high and expected; - = a number or share", nullable=True),
        Column("verdict", "str", "-", "good, watch, bad, cannot tell", choices=("good", "watch", "bad", "cannot tell")),
        Column("why", "str", "-", "the reason in one sentence"),
        Column("todo", "str", "-", "what to do about it; null where there is nothing to do", nullable=True),
    ),
)

SKIPS = Table(
    name="skips",
    meaning="one row per thing that was left out, with its reason",
    sort=("stage", "station_id", "source", "reason", "start"),
    columns=(
        Column("stage", "str", "-", "the stage that left it out"),
        Column("station_id", "str", "-", "NET.STA.LOC, where known", nullable=True),
        Column("source", "str", "-", "file, trace, event or row", nullable=True),
        Column("reason", "str", "-", "one of the words documented for the stage"),
        Column("detail", "str", "-", "what was found, for people", nullable=True),
        Column("start", TIME, "UTC", "first time concerned", nullable=True),
        Column("end", TIME, "UTC", "last time concerned", nullable=True),
        Column("count", "int64", "-", "how many things this row stands for", 1),
    ),
)
