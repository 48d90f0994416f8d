"""Samples and marks: what a network learns from, and where each piece of it came from."""

from quakescribe.tables.schema import TIME, Column, Table

SAMPLES = Table(
    name="samples",
    meaning="one row per cut-out of a recording that a network is trained on",
    key=("sample_id",),
    sort=("start", "station_id", "kind", "sample_id"),
    columns=(
        Column("sample_id", "int64", "-", "digest of station, kind, start and copy", 1),
        Column("kind", "str", "-", "positive: a pair of P and S lies in its middle; negative: no earthquake; "
               "noise: background to be added to positives", choices=("positive", "negative", "noise")),
        Column("split", "str", "-", "train, or valid: held out by event and time", choices=("train", "valid")),
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("start", TIME, "UTC", "time of the first sample"),
        Column("event_id", "int64", "-", "the event of the pair; 0 of negatives and noise", 0),
        Column("p_time", TIME, "UTC", "onset of the pair's P", nullable=True),
        Column("s_time", TIME, "UTC", "onset of the pair's S", nullable=True),
        Column("snr", "float32", "-", "signal-to-noise ratio of the P, as in picks", 0.0, nullable=True),
        Column("scale", "float64", "m/s", "the stored samples times this are ground velocity (or counts)", 0.0),
        Column("present", "str", "-", "which of Z, N, E were recorded, in this order"),
        Column("unit", "str", "-", "the group of the store that holds the samples: day/station"),
        Column("row", "int64", "-", "the row in that group's array", 0),
        Column("source", "str", "-", "where the label came from: run and picker, or a file"),
    ),
)

MARKS = Table(
    name="marks",
    meaning="one row per onset within a sample: a label to learn, or a doubtful one to be left out of the loss",
    key=(),
    sort=("sample_id", "time", "phase"),
    columns=(
        Column("sample_id", "int64", "-", "the sample", 1),
        Column("phase", "str", "-", "P or S", choices=("P", "S")),
        Column("time", TIME, "UTC", "onset, picked or predicted"),
        Column("use", "str", "-", "label: to be learned; ignore: no loss round it", choices=("label", "ignore")),
    ),
)
