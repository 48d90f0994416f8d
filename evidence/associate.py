"""Fidelity, completeness and false events of the associator: simulated picks with truth; real picks of Ridgecrest."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data

from quakescribe.associate import Associated, associate, groups
from quakescribe.earth.geodesy import LocalFrame, distance_azimuth
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.locate import locate
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.tables import PICKS, STATIONS, pick_ids

SETTINGS = AssociateSettings()
FIRST = SETTINGS.model_copy(update={"second_share": 0.0})
SEEDS = 10
MODEL = VelocityModel("evidence", np.array([0.0, 4.0, 14.5, 30.5]), np.array([5.5, 6.3, 6.7, 7.8]),
                      np.array([5.5, 6.3, 6.7, 7.8]) / 1.73)
FRAME = LocalFrame(35.7, -117.5)
DAY = pd.Timestamp("2020-01-01", tz="UTC")


def picks_table(station: np.ndarray, p: pd.Series, s: pd.Series) -> pd.DataFrame:
    """Return the picks of P-S pairs, station_id without location."""
    name = np.concatenate([station, station]) + "."
    phase = np.repeat(["P", "S"], len(station))
    time = pd.concat([p, s], ignore_index=True).astype("datetime64[ns, UTC]")
    pick_id = pick_ids(pd.Series(name), pd.Series(phase), time)
    pair_id = np.tile(pick_id[:len(station)], 2)
    frame = pd.DataFrame({"pick_id": pick_id, "station_id": name, "phase": phase, "time": time, "pair_id": pair_id,
                          "picker": "pal"})
    return PICKS.make(dict(frame.drop_duplicates("pick_id")))


def ridgecrest(data: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, VelocityModel]:
    """Return PAL's pairs, PAL's events as (event_id, station_id, p, s), stations and model of ridgecrest_picks."""
    folder = data / "ridgecrest_picks"
    frames = []
    for name in ("pal_pairs.csv", "arrivals.csv"):
        frame = pd.read_csv(folder / name)
        for phase in ("p", "s"):
            frame[phase] = pd.to_datetime(frame[f"{phase}_time"], format="ISO8601", utc=True)
        frames.append(frame)
    stations = pd.read_csv(folder / "stations.csv")
    stations["station_id"] += "."
    model = read_velocity(folder / "velocity_p.cre", VelocitySettings(reference_elevation_km=2.5))
    return frames[0], frames[1], STATIONS.conform(stations), model


def found_again(events: pd.DataFrame, picks: pd.DataFrame, ours: Associated) -> pd.DataFrame:
    """Return each PAL event's number of pairs, and the event of ours that has most of them, P and S, and its share."""
    owner = pd.Series(ours.arrivals["event_id"].to_numpy(), index=ours.arrivals["pick_id"].to_numpy())
    place = pd.MultiIndex.from_frame(picks[["station_id", "phase", "time"]])
    number = pd.Series(picks["pick_id"].to_numpy(), index=place)
    station = events["station_id"] + "."
    owners = [owner.reindex(number.reindex(pd.MultiIndex.from_arrays([station, [phase.upper()] * len(events),
                                                                      events[phase].astype("datetime64[ns, UTC]")]))
                            .to_numpy()).to_numpy() for phase in ("p", "s")]
    both = events.assign(ours=owners[0])[owners[0] == owners[1]]
    shared = both.groupby(["event_id", "ours"]).size().rename("shared").reset_index()
    best = shared.sort_values("shared", kind="stable").drop_duplicates("event_id", keep="last").set_index("event_id")
    result = events.groupby("event_id").size().rename("pairs").to_frame().join(best)
    result["share"] = (result["shared"] / result["pairs"]).fillna(0.0)
    return result


def fidelity(records: Records, data: Path) -> None:
    """PAL's events found again, events added, association rate, and how well both locate."""
    pairs, events, stations, model = ridgecrest(data)
    picks = picks_table(pairs["station_id"].to_numpy(), pairs["p"], pairs["s"])
    ours = associate(picks, stations, model, SETTINGS)
    again = found_again(events, picks, ours)
    found = again["share"] >= 0.6
    where = "ridgecrest_picks, 18,920 pairs"
    records.add("PAL's events found again", float(found.mean()), "-", where, (">=", 0.99),
                "at least 60% of an event's pairs, P and S, in one event of ours")
    for least, most in ((4, 4), (5, 99)):
        some = again["pairs"].between(least, most)
        label = "4 pairs" if most == 4 else "5 pairs and more"
        records.add(f"PAL's events found again, of {label}", float(found[some].mean()), "-", where)
    added = set(ours.events["event_id"]) - set(again.loc[found, "ours"])
    records.add("events", len(ours.events), "-", where)
    records.add("events added", len(added), "-", where, note="not one of PAL's found again")
    whole = ours.arrivals.groupby(["event_id", "station_id"]).size().eq(2).sum()
    records.add("pairs associated", float(whole / len(pairs)), "-", where, note="PAL: 0.573")
    records.add("picks associated", float(len(ours.arrivals) / len(picks)), "-", where)
    size = ours.arrivals["residual_s"].abs()
    for phase in "PS":
        records.add(f"median absolute residual of {phase}", float(size[ours.arrivals["phase"] == phase].median()), "s",
                    where)
    first = associate(picks, stations, model, FIRST)
    again = found_again(events, picks, first)["share"] >= 0.6
    records.add("PAL's events found again, first pass only", float(again.mean()), "-", where)
    records.add("events of the second pass", len(ours.events) - len(first.events), "-", where)
    left = picks[~picks["pick_id"].isin(first.arrivals["pick_id"])]
    by_chance = [len(associate(shifted(left, stations, seed), stations, model, SETTINGS).events) -
                 len(associate(shifted(left, stations, seed), stations, model, FIRST).events) for seed in range(SEEDS)]
    records.add("events of the second pass, each station's left-over picks shifted by its own minutes, mean",
                float(np.mean(by_chance)), "-", f"{where}, {SEEDS} seeds")
    origins = locate(ours.events, ours.arrivals, stations, model, LocateSettings()).origins.set_index("event_id")
    good = origins["well_located"]
    records.add("events well located by the default locator", float(good.mean()), "-", where)
    records.add("events added that are well located", int(good.reindex(sorted(added)).sum()), "-", where)


def shifted(picks: pd.DataFrame, stations: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the picks with each station's own 60 to 1800 s added."""
    shift = pd.Series(np.random.default_rng(seed).uniform(60, 1800, len(stations)), index=stations["station_id"])
    later = pd.to_timedelta((picks["station_id"].map(shift) * 1e9).round().astype("int64"), unit="ns")
    return picks.assign(time=picks["time"] + later)


def null_test(records: Records, data: Path) -> None:
    """Shift each station's picks by its own random 60 to 1800 s: what is associated then is chance."""
    pairs, _, stations, model = ridgecrest(data)
    picks = picks_table(pairs["station_id"].to_numpy(), pairs["p"], pairs["s"])
    where = f"ridgecrest_picks, {SEEDS} seeds"
    for label, settings in (("", SETTINGS), (", first pass only", FIRST)):
        rates = [len(associate(shifted(picks, stations, seed), stations, model, settings).arrivals) / len(picks)
                 for seed in range(SEEDS)]
        aim = None if label else ("<=", 0.02)
        records.add(f"null test: picks associated, mean{label}", float(np.mean(rates)), "-", where, aim)
        records.add(f"null test: picks associated, worst seed{label}", float(np.max(rates)), "-", where, aim)


def cutting(records: Records, data: Path) -> None:
    """The whole against its groups, a day at a time; and the rows in another order."""
    pairs, _, stations, model = ridgecrest(data)
    picks = picks_table(pairs["station_id"].to_numpy(), pairs["p"], pairs["s"])
    whole = associate(picks, stations, model, SETTINGS)
    parts = groups(picks, stations, model, SETTINGS)
    days: dict[object, list[pd.DataFrame]] = {}
    for part in parts:
        days.setdefault(part["time"].min().date(), []).append(part)
    by_day = [associate(pd.concat(day), stations, model, SETTINGS) for day in days.values()]
    shuffled = associate(picks.sample(frac=1.0, random_state=0), stations, model, SETTINGS)
    equal = all(pd.concat([getattr(part, name) for part in by_day], ignore_index=True).equals(getattr(whole, name))
                and getattr(shuffled, name).equals(getattr(whole, name)) for name in ("events", "arrivals"))
    records.add("tables identical: whole, day by day, rows shuffled", int(equal), "-",
                f"ridgecrest_picks, {len(parts)} independent groups", (">=", 1))


def simulated(records: Records) -> None:
    """A day of 600 events at 14 stations, half of the onsets missed, as many noise pairs as true ones; then fewer S."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-45, 45, (2, 14))
    latitude, longitude = FRAME.to_geographic(x, y)
    elevation = rng.uniform(300, 1900, 14)
    stations = STATIONS.make({"station_id": [f"XX.S{k:02d}." for k in range(14)], "latitude": latitude,
                              "longitude": longitude, "elevation_m": elevation})
    n_events = 600
    time = np.sort(rng.uniform(0, 86400, n_events))
    ex, ey = rng.normal(0, 12, (2, n_events))
    depth = rng.uniform(3, 15, n_events)
    elat, elon = FRAME.to_geographic(ex, ey)
    rows = []
    for e in range(n_events):
        distance, _ = distance_azimuth(elat[e], elon[e], latitude, longitude)
        for k in np.flatnonzero(rng.random(14) < 0.5):
            p, s = (first_arrival(MODEL.top_km, v, distance[k], depth[e], -elevation[k] / 1000)[0]
                    for v in (MODEL.vp, MODEL.vs))
            rows.append((e, f"XX.S{k:02d}", time[e] + p + rng.normal(0, 0.1), time[e] + s + rng.normal(0, 0.2)))
    n_noise = len(rows)
    first = rng.uniform(0, 86400, n_noise)
    rows += list(zip([-1] * n_noise, [f"XX.S{k:02d}" for k in rng.integers(0, 14, n_noise)], first,
                     first + rng.uniform(0.5, 9, n_noise), strict=True))
    frame = pd.DataFrame(rows, columns=["event", "station_id", "p", "s"])
    onset = {phase: DAY + pd.to_timedelta((frame[phase] * 1e9).round().astype("int64"), unit="ns") for phase in "ps"}
    picks = picks_table(frame["station_id"].to_numpy(), onset["p"], onset["s"])
    lone = picks["phase"].eq("S") & (rng.random(len(picks)) < 0.3)
    for label, settings in (("", SETTINGS), (", first pass only", FIRST)):
        score_simulated(records, frame, onset, associate(picks, stations, MODEL, settings), (time, ex, ey), label)
        score_simulated(records, frame, onset, associate(picks[~lone], stations, MODEL, settings), (time, ex, ey),
                        f", three S of ten missing{label}")


def score_simulated(records: Records, frame: pd.DataFrame, onset: dict[str, pd.Series], ours: Associated,
                    truth: tuple[np.ndarray, np.ndarray, np.ndarray], label: str) -> None:
    """Record found, false and misplaced events and picks."""
    name = pd.concat([frame["station_id"], frame["station_id"]]) + "."
    keys = pick_ids(name, pd.Series(np.repeat(["P", "S"], len(frame))),
                    pd.concat([onset["p"], onset["s"]]).astype("datetime64[ns, UTC]"))
    true = pd.Series(np.tile(frame["event"], 2), index=keys)
    of = ours.arrivals.assign(true=true.loc[ours.arrivals["pick_id"]].to_numpy())
    main = of.groupby("event_id")["true"].agg(lambda v: v.value_counts(sort=True).index[0])
    possible = frame[frame["event"] >= 0].groupby("event").size()
    possible = set(possible[possible >= SETTINGS.min_stations].index)
    where = "simulated: 600 events, 14 stations, one noise pair per true pair"
    records.add(f"events with 4 pairs that are found{label}", len(possible & set(main)) / len(possible), "-", where)
    records.add(f"events found twice{label}", int(main[main >= 0].duplicated().sum()), "-", where)
    records.add(f"false events{label}", float((main < 0).mean()), "-", where)
    right = of["true"].to_numpy() == main.loc[of["event_id"]].to_numpy()
    records.add(f"picks in the right event{label}", float(right.mean()), "-", where)
    both = ours.events.assign(true=main.loc[ours.events["event_id"]].to_numpy())
    both = both[both["true"] >= 0]
    x, y = FRAME.to_xy(both["latitude"], both["longitude"])
    at = both["true"].to_numpy()
    off = np.hypot(x - truth[1][at], y - truth[2][at])
    records.add(f"median epicentre error before location{label}", float(np.median(off)), "km", where)


def main() -> None:
    """Measure everything and write ``evidence/associate.json``."""
    records = Records("associate")
    simulated(records)
    data = real_data()
    if data is not None and (data / "ridgecrest_picks").is_dir():
        fidelity(records, data)
        null_test(records, data)
        cutting(records, data)
    else:
        print("associate: no real recordings; figures on ridgecrest_picks left out")
    records.write()


if __name__ == "__main__":
    main()
