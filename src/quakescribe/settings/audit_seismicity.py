"""Settings of the audit of a catalogue's events in time and space."""

from __future__ import annotations

from quakescribe.settings.base import Section, setting


class AuditSeismicitySettings(Section):
    """When the events' times and places are called good or bad."""

    fractal_dimension: float = setting(1.6, "of the epicentres, in the nearest-neighbour proximity", gt=0, le=3)
    b_value: float = setting(1.0, "slope of the magnitudes, in the nearest-neighbour proximity", ge=0, le=3)
    time_floor_s: float = setting(0.1, "two events are taken as no closer in time: the error of origin times", "s",
                                  gt=0, le=60)
    distance_floor_km: float = setting(0.1, "two events are taken as no closer in space: the error of epicentres", "km",
                                       gt=0, le=50)
    clustered_share_least: float = setting(
        0.02, "clustered events beyond chance, as a share of all; with fewer a catalogue is called unlike seismicity",
        ge=0, le=1)
    instant_s: float = setting(
        30.0, "a nearest neighbour less than this earlier, and distant, was triggered by nothing", "s", gt=0, le=600)
    distant_km: float = setting(30.0, "events at least this far apart are distant", "km", gt=0)
    coincident_s: float = setting(
        10.0, "distant events no farther apart in time are coincident", "s", ge=2, le=30)
    coincident_good: float = setting(
        0.002, "pairs of coincident distant events beyond chance, per event: good up to here", ge=0, le=1)
    coincident_bad: float = setting(0.01, "the same: bad beyond this", ge=0, le=1)
    duplicate_s: float = setting(2.0, "events closer in time than this, and in space, may be one", "s", gt=0, le=4)
    duplicate_km: float = setting(10.0, "events closer in space than this, and in time, may be one", "km", gt=0)
    duplicate_good: float = setting(
        0.002, "duplicated, split or equal events beyond chance, or events that share a pick, as a share of all: "
        "good up to here", ge=0, le=1)
    duplicate_bad: float = setting(0.01, "the same: bad beyond this", ge=0, le=1)
    split_s: float = setting(5.0, "the halves of a split event lie no farther apart in time", "s", gt=0, le=20)
    split_km: float = setting(150.0, "nor in space", "km", gt=0)
    split_shared: float = setting(
        0.2, "largest share of the smaller one's onsets whose station and phase the other has too", ge=0, le=1)
    split_fit: float = setting(0.7, "least share of the smaller one's onsets that fit the other's origin", ge=0, le=1)
    onset_fit_s: float = setting(1.5, "an onset fits an origin within this", "s", gt=0, le=10)
    same_onset_s: float = setting(
        1.0, "onsets of one phase at one station no farther apart are one", "s", gt=0, le=5)
    origin_apart_s: float = setting(
        1.5, "origin times of single stations that differ by more belong to different events", "s", gt=0, le=10)
    merged_good: float = setting(
        0.01, "events with two groups of origin times beyond chance, as a share of all: good up to here", ge=0, le=1)
    merged_bad: float = setting(0.03, "the same: bad beyond this", ge=0, le=1)
    disagreeing_good: float = setting(
        0.04, "P-S pairs of an event whose own origin time disagrees with the event's: good up to here", ge=0, le=1)
    disagreeing_bad: float = setting(0.1, "the same: bad beyond this", ge=0, le=1)
