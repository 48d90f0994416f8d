"""Settings of the velocity model and of the travel-time tables made from it."""

from quakescribe.settings.base import Section, setting


class VelocitySettings(Section):
    """How the layered velocity model is read, and how fine the travel-time tables are."""

    vp_vs: float = setting(1.73, "ratio of P to S velocity, where the model file has no S velocities", gt=1.0, le=5.0)
    reference_elevation_km: float = setting(
        0.0, "height above sea level of the model file's zero depth; 0 where its depths are below sea level already",
        "km", ge=-12.0, le=9.0)
    distance_step_km: float = setting(0.5, "spacing of the travel-time tables in distance", "km", gt=0.0, le=10.0)
    depth_step_km: float = setting(0.5, "spacing of the travel-time tables in depth", "km", gt=0.0, le=10.0)
