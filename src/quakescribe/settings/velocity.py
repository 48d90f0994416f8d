"""Settings of the velocity model."""

from quakescribe.settings.base import Section, setting


class VelocitySettings(Section):
    """How the layered velocity model is read."""

    vp_vs: float = setting(1.73, "ratio of P to S velocity, where the model file has no S velocities", gt=1.0, le=5.0)
    reference_elevation_km: float = setting(
        0.0, "height above sea level of the model file's zero depth; 0 where its depths are below sea level already",
        "km", ge=-12.0, le=9.0)
