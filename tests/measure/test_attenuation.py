import numpy as np
import pytest

from quakescribe.measure.attenuation import ATTENUATIONS, attenuation
from quakescribe.settings.measure import MeasureSettings

# the published formulas, written out
FORMULAS = {
    "hutton-boore-1987": lambda r: 1.110 * np.log10(r / 100) + 0.00189 * (r - 100) + 3.0,
    "bakun-joyner-1984": lambda r: np.log10(r / 100) + 0.00301 * (r - 100) + 3.0,
    "di-bona-2016": lambda r: 1.667 * np.log10(r / 100) + 0.001736 * (r - 100) + 3.0,
    "langston-1998": lambda r: 0.776 * np.log10(r / 17) + 0.000902 * (r - 17) + 2.0,
}
R = np.array([3.0, 10.0, 17.0, 50.0, 100.0, 250.0])


@pytest.mark.parametrize("name", sorted(ATTENUATIONS))
def test_agrees_with_the_published_formula(name):
    np.testing.assert_allclose(ATTENUATIONS[name](R), FORMULAS[name](R), rtol=1e-12)


@pytest.mark.parametrize("name", ["hutton-boore-1987", "bakun-joyner-1984", "di-bona-2016"])
def test_a_millimetre_at_100_km_is_magnitude_3(name):
    assert ATTENUATIONS[name](100.0) == pytest.approx(3.0)


def test_hutton_and_boore_is_richter_at_17_km():
    assert ATTENUATIONS["hutton-boore-1987"](17.0) == pytest.approx(2.0, abs=0.02)


def test_the_default_is_the_iaspei_standard():
    """ML = log10(A in nm, magnification removed) + 1.11 log10 R + 0.00189 R - 2.09 (IASPEI 2013)."""
    millimetres, r = 0.7, 42.0
    nanometres = millimetres * 1e6 / MeasureSettings().wood_anderson_gain
    iaspei = np.log10(nanometres) + 1.11 * np.log10(r) + 0.00189 * r - 2.09
    assert np.log10(millimetres) + attenuation(MeasureSettings())(r) == pytest.approx(iaspei, abs=0.005)


@pytest.mark.parametrize("name", sorted(ATTENUATIONS))
def test_grows_with_distance_and_stays_finite_at_the_source(name):
    values = ATTENUATIONS[name](np.linspace(0, 500, 200))
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()


def test_a_custom_function_comes_from_the_settings():
    settings = MeasureSettings(attenuation="custom", attenuation_custom=(1.0, 0.002, 17.0, 2.0))
    assert attenuation(settings)(17.0) == pytest.approx(2.0)
