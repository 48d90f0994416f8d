"""QuakeML: valid, equal to what ObsPy reads, and what ObsPy and others write is read."""

import io
import math
import sys
from pathlib import Path

import numpy as np
import obspy
import obspy.core.event as oe
import pandas as pd
import pytest
from scipy.stats import chi2

from quakescribe.errors import FormatError
from quakescribe.exchange import ellipsoid, quakeml
from quakescribe.exchange.formats import read_tables, write_tables

sys.path.insert(0, str(Path(__file__).parents[1] / "contracts"))
import catalogues


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    tables = catalogues.catalogue(30, seed=11)
    path = tmp_path_factory.mktemp("quakeml") / "catalogue.xml"
    write_tables(path, "quakeml", tables)
    return tables, path


def test_our_files_are_valid_under_the_schema(written):
    from obspy.io.quakeml.core import _validate

    assert _validate(str(written[1]))


def test_obspy_reads_the_same_origins_and_magnitudes(written):
    tables, path = written
    origins = tables["origins"].set_index("event_id")
    found = obspy.read_events(str(path))
    assert len(found) == len(origins)
    for event in found:
        event_id = int(str(event.resource_id).rpartition("/")[2])
        origin, row = event.preferred_origin(), origins.loc[event_id]
        assert abs(origin.time - obspy.UTCDateTime(row["time"].isoformat())) < 1e-6
        assert (origin.latitude, origin.longitude) == (row["latitude"], row["longitude"])
        assert origin.depth == pytest.approx(row["depth_km"] * 1000, rel=1e-14)
        assert origin.quality.azimuthal_gap == row["gap_deg"] and origin.quality.standard_error == row["rms_s"]
        assert origin.quality.used_phase_count == row["n_phases"]
        if row["erz_km"] == row["erz_km"]:
            assert origin.depth_errors.uncertainty == pytest.approx(row["erz_km"] * 1000)
        if row["erh_km"] < 99:
            region = origin.origin_uncertainty
            scale = 1.0 if region.confidence_level is None else math.sqrt(chi2.ppf(0.6827, 2))
            assert region.horizontal_uncertainty == pytest.approx(row["erh_km"] * scale * 1000)
        sizes = tables["magnitudes"].query("event_id == @event_id")
        network = sizes[sizes["station_id"].isna()]
        assert sorted((m.magnitude_type, m.mag) for m in event.magnitudes) == sorted(
            zip(network["kind"], network["value"], strict=True)
        )
        assert len(event.station_magnitudes) == len(sizes) - len(network)
        if len(network):
            assert event.preferred_magnitude().magnitude_type == "ML"


def test_obspy_reads_the_same_picks_and_arrivals(written):
    tables, path = written
    found = obspy.read_events(str(path))
    arrivals = tables["arrivals"].set_index("pick_id")
    seen = 0
    for event in found:
        picks = {str(pick.resource_id): pick for pick in event.picks}
        amplitudes = {str(a.pick_id): a.generic_amplitude for a in event.amplitudes if a.pick_id}
        for arrival in event.preferred_origin().arrivals:
            pick = picks[str(arrival.pick_id)]
            row = arrivals.loc[int(str(pick.resource_id).rpartition("/")[2])]
            network, station, _ = row["station_id"].split(".")
            assert (pick.waveform_id.network_code, pick.waveform_id.station_code) == (network, station)
            assert arrival.phase == pick.phase_hint == row["phase"]
            assert abs(pick.time - obspy.UTCDateTime(row["time"].isoformat())) < 1e-6
            for got, want in (
                (arrival.time_residual, row["residual_s"]),
                (arrival.time_weight, row["weight"]),
                (arrival.azimuth, row["azimuth_deg"]),
                (arrival.takeoff_angle, row["takeoff_deg"]),
                (arrival.distance, row["distance_km"] / 111.19492664455873),
                (amplitudes.get(str(pick.resource_id)), row["amplitude_m"]),
            ):
                assert (got is None and math.isnan(want)) or got == pytest.approx(want, rel=1e-12)
            seen += 1
    assert seen == len(arrivals)


def test_the_ellipse_and_the_ellipsoid_hold_68_percent_of_the_normal_distribution():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(3, 3))
    covariance = a @ a.T
    x = rng.multivariate_normal(np.zeros(3), covariance, 40_000)
    e = ellipsoid.horizontal(covariance)
    major = np.array([math.sin(math.radians(e.azimuth_deg)), math.cos(math.radians(e.azimuth_deg))])
    along, across = x[:, :2] @ major, x[:, :2] @ np.array([major[1], -major[0]])
    assert ((along / e.major_km) ** 2 + (across / e.minor_km) ** 2 < 1).mean() == pytest.approx(0.6827, abs=0.01)
    s = ellipsoid.spatial(covariance)
    psi, phi, theta = (math.radians(v) for v in (s.azimuth_deg, s.plunge_deg, s.rotation_deg))
    first = np.array([math.cos(phi) * math.cos(psi), math.cos(phi) * math.sin(psi), math.sin(phi)])  # north, east, down
    level = np.array([-math.sin(psi), math.cos(psi), 0.0])
    third = math.cos(theta) * level + math.sin(theta) * np.cross(first, level)
    second = np.cross(first, third)
    ned = x[:, [1, 0, 2]]
    inside = sum(
        (ned @ axis / length) ** 2
        for axis, length in ((first, s.major_km), (second, s.intermediate_km), (third, s.minor_km))
    )
    assert (inside < 1).mean() == pytest.approx(0.6827, abs=0.01)
    assert np.quantile(inside, 0.95) == pytest.approx(chi2.ppf(0.95, 3) / chi2.ppf(0.6827, 3), rel=0.03)
    assert pytest.approx(math.sqrt(chi2.ppf(0.6827, 3)), rel=1e-4) == ellipsoid.SCALE_3D


ROUND = {"covariance_xx": 1.0, "covariance_yy": 1.0, "covariance_zz": 4.0, "erh_km": 1.0, "erz_km": 2.0,
         **{f"covariance_{pair}": 0.0 for pair in ("xy", "xz", "yz")}}


def region_of(tmp_path, **columns):
    """Write one origin with these errors; return what ObsPy reads of its uncertainty, and what we read."""
    tables = catalogues.catalogue(1, seed=2)
    tables["origins"] = tables["origins"].assign(**columns)
    path = tmp_path / "one.xml"
    write_tables(path, "quakeml", tables)
    back = read_tables(path)["origins"]
    for name, value in columns.items():
        assert back[name].iloc[0] == pytest.approx(value, nan_ok=True, rel=0, abs=0), name
    return obspy.read_events(str(path))[0].preferred_origin().origin_uncertainty


def test_the_circle_of_the_horizontal_uncertainty_holds_the_share_that_is_stated(tmp_path):
    region = region_of(tmp_path, **ROUND)
    x = np.random.default_rng(4).normal(size=(40_000, 2))
    inside = np.hypot(*x.T) * 1000 < region.horizontal_uncertainty
    assert inside.mean() == pytest.approx(region.confidence_level / 100, abs=0.01)


def test_without_a_covariance_no_confidence_level_is_stated(tmp_path):
    region = region_of(tmp_path, **(ROUND | {"covariance_xx": np.nan}))
    assert (region.horizontal_uncertainty, region.confidence_level) == (1000.0, None)


def test_no_region_is_written_of_what_is_not_resolved(tmp_path):
    for depth in ({"covariance_zz": 999.0, "erz_km": 31.6}, {"erz_km": 99.0}):
        region = region_of(tmp_path, **(ROUND | depth))
        assert region.confidence_ellipsoid.semi_major_axis_length is None
        assert region.preferred_description == "uncertainty ellipse"
    assert region_of(tmp_path, **(ROUND | {"erh_km": 99.0})) is None
    assert region_of(tmp_path, **(ROUND | {"erh_km": 99.0, "covariance_xx": 999.0, "covariance_yy": 999.0})) is None


@pytest.mark.parametrize("level", [None, 68.0, 90.0, 95.0])
def test_others_uncertainties_at_a_level_become_standard_errors(tmp_path, level):
    event = foreign_event(0)
    event.preferred_origin().origin_uncertainty.confidence_level = level
    event.write(str(tmp_path / "theirs.xml"), "QUAKEML")
    scale = 1.0 if level is None else math.sqrt(chi2.ppf(level / 100, 2))
    assert read_tables(tmp_path / "theirs.xml")["origins"]["erh_km"].iloc[0] == pytest.approx(0.45 / scale)


def foreign_event(number, with_quality=True):
    time = obspy.UTCDateTime(2019, 7, 4, 17, 2, 55, 340000) + 100 * number
    pick = oe.Pick(time=time + 3.5, phase_hint="Pg", waveform_id=oe.WaveformStreamID("CI", "CCC", "", "HHZ"))
    late = oe.Pick(time=time + 6.25, phase_hint="Sn", waveform_id=oe.WaveformStreamID("CI", "TOW2"))
    teleseismic = oe.Pick(time=time + 9, phase_hint="PKP", waveform_id=oe.WaveformStreamID("CI", "TOW2"))
    first = oe.Origin(time=time + 5, latitude=1.0, longitude=2.0, depth=3000.0)
    arrivals = [
        oe.Arrival(pick_id=p.resource_id, phase=p.phase_hint, distance=0.2, time_residual=0.1)
        for p in (pick, late, teleseismic)
    ]
    origin = oe.Origin(time=time, latitude=35.708, longitude=-117.504, depth=10600.0, arrivals=arrivals)
    if with_quality:
        origin.quality = oe.OriginQuality(azimuthal_gap=77.0, standard_error=0.12)
        origin.origin_uncertainty = oe.OriginUncertainty(horizontal_uncertainty=450.0)
    event = oe.Event(
        origins=[origin, first],
        picks=[pick, late, teleseismic],
        magnitudes=[oe.Magnitude(mag=3.1, magnitude_type="Mw"), oe.Magnitude(mag=3.98, magnitude_type="ML")],
    )
    event.preferred_origin_id, event.preferred_magnitude_id = origin.resource_id, event.magnitudes[1].resource_id
    event.resource_id = oe.ResourceIdentifier(f"quakeml:ci.example/fdsnws/event/1/query?eventid={38443183 + number}")
    return event


def test_files_of_obspy_are_read_with_their_preferred_origin(tmp_path):
    path = tmp_path / "obspy.xml"
    oe.Catalog([foreign_event(0), foreign_event(1, with_quality=False)]).write(str(path), format="QUAKEML")
    got = read_tables(path, catalogues.stations())
    assert got["events"]["event_id"].tolist() == [38443183, 38443184]
    assert got["events"]["source_id"].iloc[0].endswith("eventid=38443183")
    first, second = got["origins"].to_dict("records")
    assert (first["latitude"], first["depth_km"], first["gap_deg"], first["erh_km"]) == (35.708, 10.6, 77.0, 0.45)
    assert math.isnan(second["gap_deg"]) and second["time"] == pd.Timestamp("2019-07-04T17:04:35.34Z")
    assert got["arrivals"]["phase"].tolist() == ["P", "S"] * 2
    assert got["arrivals"]["station_id"].tolist() == ["CI.CCC.", "CI.TOW2."] * 2
    assert got["picks"]["probability"].isna().all()
    assert got["magnitudes"].query("event_id == 38443183")["kind"].tolist() == ["ML", "Mw"]
    assert got["skips"].set_index("reason").loc["unknown-phase", "count"] == 2


NAMESPACES = [
    ("http://quakeml.org/xmlns/quakeml/1.2", "http://quakeml.org/xmlns/bed/1.2", "q"),
    ("http://quakeml.org/xmlns/quakeml-rt/1.2", "http://quakeml.org/xmlns/bed-rt/1.2", "x"),
    ("http://quakeml.org/xmlns/quakeml/1.1", "http://quakeml.org/xmlns/quakeml/1.1", "ns0"),
    ("http://quakeml.org/xmlns/quakeml/1.0", "http://quakeml.org/xmlns/quakeml/1.0", "quakeml"),
]
ORIGIN = """<origin publicID="smi:x/o1"><time><value>1959-07-04T17:02:55.34Z</value></time>
<latitude><value>35.7</value></latitude><longitude><value>242.5</value></longitude>%s
<arrival publicID="smi:x/a1"><pickID>smi:x/p1</pickID><phase>P</phase></arrival></origin>"""
PICK = """<pick publicID="smi:x/p1"><time><value>1959-07-04T17:02:58Z</value></time>
<waveformID networkCode="CI" stationCode="CCC"/></pick>"""
DEPTH = "<depth><value>10600</value></depth>"


def document(body, root=NAMESPACES[0]):
    outer, inner, prefix = root
    return (
        f'<?xml version="1.0"?><{prefix}:quakeml xmlns="{inner}" xmlns:{prefix}="{outer}">'
        f'<eventParameters publicID="smi:x/c">{body}</eventParameters></{prefix}:quakeml>'
    )


@pytest.mark.parametrize("root", NAMESPACES)
@pytest.mark.parametrize("nested", [True, False])
def test_any_namespace_and_origins_inside_or_beside_the_event_are_read(tmp_path, root, nested):
    inside = ORIGIN % DEPTH + PICK
    body = (
        f'<event publicID="smi:x/e1">{inside}</event>'
        if nested
        else ORIGIN % DEPTH
        + PICK
        + '<event publicID="smi:x/e1"><preferredOriginID>smi:x/o1</preferredOriginID></event>'
    )
    path = tmp_path / "foreign.xml"
    path.write_text(document(body, root))
    got = read_tables(path)
    assert got["origins"]["longitude"].tolist() == [-117.5] and got["arrivals"]["station_id"].tolist() == ["CI.CCC."]
    assert got["events"]["time"].iloc[0] == pd.Timestamp("1959-07-04T17:02:55.34Z")


def test_an_event_without_depth_stands_in_events_and_is_reported(tmp_path):
    path = tmp_path / "nodepth.xml"
    path.write_text(document(f'<event publicID="smi:x/e1">{ORIGIN % ""}{PICK}</event><event publicID="smi:x/e2"/>'))
    got = read_tables(path)
    assert len(got["events"]) == 1 and not len(got["origins"])
    assert set(got["skips"]["reason"]) == {"no-depth", "no-origin"}


def test_ids_that_are_not_all_numbers_are_replaced_and_kept(tmp_path):
    path = tmp_path / "names.xml"
    path.write_text(
        document(
            "".join(f'<event publicID="quakeml:x/{name}">{ORIGIN % DEPTH}</event>' for name in ("abc", "17", "17"))
        )
    )
    got = read_tables(path)
    assert got["events"]["event_id"].tolist() == [195907041702553, 195907041702554, 195907041702555]
    assert sorted(got["events"]["source_id"]) == ["quakeml:x/17", "quakeml:x/17", "quakeml:x/abc"]
    assert got["skips"].set_index("reason").loc["duplicate-id", "count"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("35.7", "thirty-five"), r"line 2: 'thirty-five' where the latitude belongs; expected a number"),
        (("1959-07-04T17:02:55.34Z", "yesterday"), r"line 1: time: 'yesterday' is no time"),
        (("1959-07-04T17:02:55.34Z", "1959-07-04T17:02:55 PDT"), "is no time; expected"),
        (("35.7", "117.5"), r"latitude 117.5 lies outside \[-90, 90\]"),
        (("10600", "10600000"), "depth 10600 km lies outside .* metres"),
        (("</eventParameters>", ""), r"line \d+: broken XML"),
    ],
)
def test_faults_name_the_line_and_what_was_expected(tmp_path, change, message):
    path = tmp_path / "bad.xml"
    path.write_text(document(f'<event publicID="smi:x/e1">{ORIGIN % DEPTH}{PICK}</event>').replace(*change))
    with pytest.raises(FormatError, match=message):
        read_tables(path)


def test_another_kind_of_xml_is_refused(tmp_path):
    path = tmp_path / "other.xml"
    path.write_text("<?xml version='1.0'?><html><body>eventParameters</body></html>")
    with pytest.raises(FormatError, match="root is <html>; expected <quakeml>"):
        read_tables(path)


def test_entities_are_not_expanded(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("35.7")
    path = tmp_path / "entity.xml"
    body = f'<event publicID="smi:x/e1">{ORIGIN % DEPTH}</event>'.replace("35.7", "&x;")
    path.write_text(
        document(body).replace(
            '<?xml version="1.0"?>', f'<?xml version="1.0"?><!DOCTYPE q [<!ENTITY x SYSTEM "{secret}">]>'
        )
    )
    with pytest.raises(FormatError):
        got = read_tables(path)
        if not len(got["events"]):
            raise FormatError("left out")


def test_station_names_with_marks_are_escaped(tmp_path):
    tables = catalogues.catalogue(2, ids=('A&."<B>.',))
    path = tmp_path / "marks.xml"
    write_tables(path, "quakeml", tables)
    assert set(read_tables(path)["picks"]["station_id"]) == {'A&."<B>.'}


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "catalogue.xml"
    path.write_text("old")
    monkeypatch.setattr("quakescribe.exchange.quakeml_write._event", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quakeml.write(path, catalogues.catalogue(3))
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["catalogue.xml"]


def test_picks_of_no_event_are_counted(tmp_path):
    tables = catalogues.catalogue(3)
    tables["arrivals"] = tables["arrivals"].iloc[2:].reset_index(drop=True)
    losses = quakeml.write(tmp_path / "a.xml", tables)
    assert any("picks: 2 that belong to no event" in loss for loss in losses)


def test_events_that_were_read_leave_the_tree():
    body = "".join(f'<event publicID="smi:x/{i}">{ORIGIN % DEPTH}{PICK}</event>' for i in range(50))
    from lxml import etree

    from quakescribe.exchange.quakeml_read import _forget

    left = []
    for _, element in etree.iterparse(io.BytesIO(document(body).encode()), tag="{*}event"):
        _forget(element)
        left.append(len(element.getparent()))
    assert left[-1] == 1
