"""Findings: what was measured about the result; and skips: what was left out of it, and why."""

from quakescribe.tables.schema import TIME, Column, Table

FINDINGS = Table(
    name="findings",
    meaning="one row per metric, scope and key",
    key=("metric", "scope", "key"),
    sort=("metric", "scope", "key"),
    columns=(
        Column("metric", "str", "-", "what was measured"),
        Column("scope", "str", "-", "network, station, day, event, stage"),
        Column("key", "str", "-", "which one of the scope; empty for the network"),
        Column("value", "float64", "-", "the value", nullable=True),
        Column("low", "float64", "-", "lower end of its interval", nullable=True),
        Column("high", "float64", "-", "upper end of its interval", nullable=True),
        Column("expected", "float64", "-", "what it would be without fault", nullable=True),
        Column("verdict", "str", "-", "good, watch, bad, cannot tell", choices=("good", "watch", "bad", "cannot tell")),
        Column("why", "str", "-", "the reason in one sentence"),
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
