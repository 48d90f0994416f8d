import pytest

from quakescribe.errors import SettingsError
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.project import Settings, dump, load, parse, read_section


def test_the_printed_settings_are_complete_and_read_back_equal():
    assert parse(dump(Settings())) == Settings()


def test_every_setting_is_explained():
    text = dump(Settings())
    for name in Settings.model_fields:
        assert f"[{name}]" in text
        for key, field in type(getattr(Settings(), name)).model_fields.items():
            assert f"{key} =" in text or f"[{name}.{key}]" in text
            assert field.description or not field.json_schema_extra, f"{name}.{key} has no meaning"


def test_a_typo_is_answered_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"\[pick\] has no setting 'band_lo_hz'; did you mean 'band_low_hz'"):
        parse("[pick]\nband_lo_hz = 1.0")
    with pytest.raises(SettingsError, match=r"no section \[asociate\]; did you mean \[associate\]"):
        parse("[asociate]\nmin_stations = 4")


def test_a_typo_inside_a_nested_section_is_answered_from_that_section():
    words = r"\[locate\] has no setting 'hypoinverse.min_phase'; did you mean 'min_phases'"
    with pytest.raises(SettingsError, match=words):
        parse("[locate.hypoinverse]\nmin_phase = 5")


def test_all_faults_come_at_once_with_value_and_unit():
    with pytest.raises(SettingsError) as caught:
        parse(
            "[pick]\nband_low_hz = -1.0\n[run]\nchunk_hours = 7\nworkers = 'many'\n"
            "[project]\nstart = 2020-01-02\nend = 2020-01-01"
        )
    text = str(caught.value)
    assert "pick.band_low_hz = -1.0 Hz" in text
    assert "run.chunk_hours = 7 h: value error, must divide 24" in text
    assert "run.workers = 'many'" in text
    assert "must be before end" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[pick", "not valid TOML"),
        ("pick = 3", "must be a section"),
        ("[pick]\nband_low_hz = nan", "finite number"),
    ],
)
def test_broken_text_gets_a_clear_word(text, words):
    with pytest.raises(SettingsError, match=words):
        parse(text)


def test_a_missing_file_or_wrong_encoding_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "quakescribe.toml")
    (tmp_path / "q.toml").write_bytes(b"[pick]\n# \xe9\n")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(tmp_path / "q.toml")


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(Exception, match="frozen"):
        PickSettings().band_low_hz = 3.0  # type: ignore[misc]


def test_one_section_is_read_with_or_without_its_name(tmp_path):
    path = tmp_path / "s.toml"
    for text in ("band_low_hz = 2.0", "[pick]\nband_low_hz = 2.0"):
        path.write_text(text)
        assert read_section(path, PickSettings, "pick").band_low_hz == 2.0


def test_times_without_a_zone_are_utc():
    settings = parse("[project]\nstart = 2020-01-01T00:00:00\nend = 2020-01-01T02:00:00+01:00")
    assert settings.project.start.isoformat() == "2020-01-01T00:00:00+00:00"
    assert settings.project.end.isoformat() == "2020-01-01T01:00:00+00:00"
    assert parse(dump(settings)) == settings
