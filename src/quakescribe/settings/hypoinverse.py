"""Settings of the mode ``hypoinverse`` of the stage ``locate``; defaults are the control file of PAL."""

from pydantic import model_validator

from quakescribe.settings.base import Section, setting


class HypoinverseSettings(Section):
    """The control file of the mode 'hypoinverse'; each value names its HYPOINVERSE command. Defaults are PAL's."""

    trial_depths_km: tuple[float, ...] = setting(
        tuple(float(depth) for depth in range(20)),
        "ZTR: depths below sea level to start from, each tried in turn; the best solution is kept", "km", min_length=1)
    vp_vs: float = setting(
        1.73, "POS: S travel times are P times multiplied by this; 0 = use the model's S velocities", ge=0.0, le=3.0)
    imitate_times: bool = setting(
        True, "find travel times as coarsely as HYPOINVERSE (rays that miss by up to 0.015 s, times cut to 0.01 s, "
        "azimuths in whole degrees), without which its solutions are not met; false = exact")
    p_weight: float = setting(1.0, "WET, code 0: weight of a P time", ge=0.0, le=1.0)
    s_weight: float = setting(0.6, "WET, code 1: weight of an S time", ge=0.0, le=1.0)
    min_phases: int = setting(4, "MIN: fewest arrivals that an event is located with", ge=4)
    cancel_weights: bool = setting(
        True, "JUN: where weighting leaves fewer than four arrivals, go on without distance and residual weights")
    first_distance_from: int = setting(1, "DI1: iteration from which the first distance weights apply", ge=1)
    first_distance_km: float = setting(
        60.0, "DI1: the first distance weights are relative to this, or to the second nearest station if that is "
        "farther", "km", gt=0.0)
    first_distance_full: float = setting(1.0, "DI1: full weight up to this multiple of that distance", ge=0.0)
    first_distance_zero: float = setting(2.0, "DI1: no weight beyond this multiple of that distance", gt=0.0)
    distance_from: int = setting(4, "DIS: iteration from which the main distance weights apply", ge=1)
    distance_km: float = setting(
        40.0, "DIS: the main distance weights are relative to this, or to the second nearest station if that is "
        "farther", "km", gt=0.0)
    distance_full: float = setting(1.0, "DIS: full weight up to this multiple of that distance", ge=0.0)
    distance_zero: float = setting(3.0, "DIS: no weight beyond this multiple of that distance", gt=0.0)
    residual_from: int = setting(4, "RMS: iteration from which large residuals lose weight", ge=1)
    residual_s: float = setting(
        0.3, "RMS: residual weights are relative to this, or to the weighted RMS residual if larger", "s", gt=0.0)
    residual_full: float = setting(1.0, "RMS: full weight up to this multiple of that residual", ge=0.0)
    residual_zero: float = setting(3.0, "RMS: no weight beyond this multiple of that residual", gt=0.0)
    reading_error_s: float = setting(0.15, "ERR: standard error of an arrival time", "s", ge=0.0)
    rms_error_factor: float = setting(1.0, "ERC: how much of the RMS residual is added to that error", ge=0.0)
    max_iterations: int = setting(20, "CON: iterations before an event counts as not converged", ge=1, le=1000)
    stop_step_km: float = setting(0.04, "CON: a step shorter than this ends the iteration", "km", ge=0.0)
    stop_rms_s: float = setting(0.001, "CON: a change of the RMS residual smaller than this ends the iteration", "s",
                                ge=0.0)
    free_depth_step_km: float = setting(
        7.0, "DAM: the depth stays at its trial value until a step is shorter than this", "km", gt=0.0)
    max_depth_step_km: float = setting(30.0, "DAM: longer depth steps are shortened", "km", gt=0.0)
    top_fraction: float = setting(
        0.5, "DAM: a step that would leave the model upward goes this fraction of the way to its top", gt=0.0, lt=1.0)
    damping: float = setting(0.9, "DAM: factor on every step; halved after 0.6 of the iterations", gt=0.0, le=1.0)
    min_eigenvalue: float = setting(0.012, "DAM: directions with a smaller singular value are not moved along", ge=0.0)
    back_rms_s: float = setting(0.02, "DAM: go back when the RMS residual exceeds the smallest by more than this", "s",
                                ge=0.0)
    back_fraction: float = setting(0.6, "DAM: how far to go back along the last step", gt=0.0, lt=1.0)
    max_step_km: float = setting(50.0, "DAM: longer steps are shortened to this", "km", gt=0.0)
    max_second_station_km: float = setting(
        250.0, "DAM: stop where the second nearest station is farther than this", "km", gt=0.0)

    @model_validator(mode="after")
    def _ordered(self) -> "HypoinverseSettings":
        for name in ("first_distance", "distance", "residual"):
            full, zero = getattr(self, f"{name}_full"), getattr(self, f"{name}_zero")
            if zero <= full:
                raise ValueError(f"{name}_zero ({zero:g}) must exceed {name}_full ({full:g})")
        if self.p_weight == 0.0 and self.s_weight == 0.0:
            raise ValueError("p_weight and s_weight are both 0; at least one must be positive")
        return self
