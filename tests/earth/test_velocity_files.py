import numpy as np
import pytest

from quakescribe.earth.velocity import generic_crust, read_velocity, write_velocity
from quakescribe.errors import VelocityError
from quakescribe.settings.velocity import VelocitySettings

CRE = "Example P model, from somewhere\n 5.5  0.0\n 6.3  6.5\n 6.7  17.0\n"


def read(tmp_path, text, **settings):
    path = tmp_path / "model"
    path.write_text(text)
    return read_velocity(path, VelocitySettings(**settings))


@pytest.mark.parametrize("text", [
    CRE, CRE.split("\n", 1)[1], "title\n 5.50 0.00\n 6.30 6.50\n 6.7017.00\n",
    "# c\nLAYER 0.0 5.5 0.0 3.1792 0.0 2.7 0.0\nLAYER 6.5 6.3 0 3.6416 0 2.7 0\nLAYER 17 6.7 0 3.8728 0 2.7 0\n",
    "depth_km,vp\n0,5.5\n6.5,6.3\n17,6.7\n", "Depth;Vp;Vs\n0;5.5;3.1792\n6.5;6.3;3.6416\n17;6.7;3.8728\n"])
def test_the_same_model_is_read_from_every_format(tmp_path, text):
    model = read(tmp_path, text)
    np.testing.assert_allclose(model.top_km, [0.0, 6.5, 17.0])
    np.testing.assert_allclose(model.vp, [5.5, 6.3, 6.7])
    np.testing.assert_allclose(model.vs, model.vp / 1.73, rtol=1e-4)


def test_the_reference_elevation_lifts_the_model(tmp_path):
    np.testing.assert_allclose(read(tmp_path, CRE, reference_elevation_km=2.5).top_km, [-2.5, 4.0, 14.5])


def test_own_s_velocities_win_over_the_ratio(tmp_path):
    model = read(tmp_path, "top_km,vp,vs\n0,6.0,3.0\n", vp_vs=1.8)
    assert model.vs[0] == 3.0


def test_what_is_written_reads_back_the_same_whatever_the_reference_elevation(tmp_path):
    model = read(tmp_path, CRE, reference_elevation_km=2.5)
    again = read_velocity(write_velocity(model, tmp_path / "out.csv"), VelocitySettings(reference_elevation_km=2.5))
    for name in ("top_km", "vp", "vs"):
        np.testing.assert_array_equal(getattr(model, name), getattr(again, name))


@pytest.mark.parametrize("path", [None, ""])
def test_without_a_file_the_generic_crust_is_used(path):
    assert read_velocity(path).name == generic_crust().name


@pytest.mark.parametrize(("text", "says"), [
    ("", "empty"), ("title only\n", "no layer"), ("t\n -5.5 0\n", "positive"),
    ("t\n 0.0 5.5\n 6.5 6.3\n", "velocity depth"),
    ("t\n 5.5 6.5\n 6.3 0.0\n", "must ascend"), ("t\n 5.5 0\n 6.3 0\n", "must ascend"), ("t\n 5500 0\n", "m/s"),
    ("t\n 5.5 0\n 6.3 6500\n", "in m"), ("t\n 5.5 0\n bad line\n", "line 3"), ("t\n nan 0\n", "finite"),
    ("LAYER 0 5.5 0.1 3.2 0 2.7 0\n", "gradient"), ("LAYER 0 5.5\n", "line 1"), ("a,b\n1,2\n", "header"),
    ("depth,vp\n0,x\n", "line 2"), ("depth,vp\n0\n", "line 2|title|no layer|line 1"),
    ("top_km,vp,vs\n0,5,3\n9,6,\n", "all or none"),
    ("top_km,vp,vs\n0,5,5.5\n", "below vp"), ("top_km,vp,vs\n0,1.5,0\n", "positive")])
def test_a_model_that_cannot_be_used_says_why(tmp_path, text, says):
    with pytest.raises(VelocityError, match=says):
        read(tmp_path, text)


def test_a_binary_file_and_a_missing_one_are_told_apart(tmp_path):
    (tmp_path / "b").write_bytes(b"\x00\xff\xfe\x80")
    with pytest.raises(VelocityError, match="not a text file"):
        read_velocity(tmp_path / "b")
    with pytest.raises(VelocityError, match="No such file"):
        read_velocity(tmp_path / "absent")
