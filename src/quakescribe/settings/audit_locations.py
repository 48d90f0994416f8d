"""Settings of the audit of locations."""

from __future__ import annotations

from quakescribe.settings.base import Section, setting


class AuditLocationsSettings(Section):
    """When locations are called good or bad."""

    least_events: int = setting(30, "with fewer events nothing is said about a share or a distribution", ge=3)

    strict_rms_s: float = setting(0.5, "rule 'strict': RMS residual at most this", "s", gt=0)
    strict_erh_km: float = setting(2.0, "rule 'strict': horizontal standard error at most this", "km", gt=0)
    strict_erz_km: float = setting(5.0, "rule 'strict': vertical standard error at most this", "km", gt=0)
    strict_gap_deg: float = setting(270.0, "rule 'strict': azimuthal gap at most this", "deg", gt=0, le=360)
    strict_good: float = setting(0.6, "good: at least this share keeps the rule 'strict' (or the catalogue's own)",
                                 ge=0, le=1)
    strict_bad: float = setting(0.3, "bad: less than this share keeps it; random times reach 0.01 to 0.11", ge=0, le=1)
    tight_phases: int = setting(4, "rule 'tight': at least this many arrivals", ge=1)
    tight_rms_s: float = setting(0.3, "rule 'tight': RMS residual at most this", "s", gt=0)
    tight_gap_deg: float = setting(180.0, "rule 'tight': azimuthal gap at most this", "deg", gt=0, le=360)
    tight_error_km: float = setting(1.0, "rule 'tight': both standard errors at most this", "km", gt=0)
    tight_good: float = setting(0.1, "good: at least this share keeps the rule 'tight'", ge=0, le=1)
    tight_bad: float = setting(0.01, "bad: less than this share keeps it", ge=0, le=1)
    marker_good: float = setting(0.9, "good: at least this share bears no mark of HYPOINVERSE", ge=0, le=1)
    marker_bad: float = setting(0.5, "bad: less than this share; 0.58 to 0.82 of random times pass", ge=0, le=1)
    rms_good_s: float = setting(0.3, "good: median RMS residual at most this; good catalogues have 0.16", "s", gt=0)
    rms_bad_s: float = setting(0.6, "bad: median RMS residual above this; random times have 0.7 to 1.3", "s", gt=0)
    erh_good_km: float = setting(2.0, "good: median horizontal error at most this", "km", gt=0)
    erh_bad_km: float = setting(8.0, "bad: median horizontal error above this", "km", gt=0)
    erz_good_km: float = setting(5.0, "good: median vertical error at most this", "km", gt=0)
    erz_bad_km: float = setting(20.0, "bad: median vertical error above this", "km", gt=0)
    gap_good_deg: float = setting(180.0, "good: median azimuthal gap at most this", "deg", gt=0, le=360)
    gap_bad_deg: float = setting(300.0, "bad: median azimuthal gap above this", "deg", gt=0, le=360)
    phases_good: float = setting(8.0, "good: the median event has at least this many arrivals", gt=0)
    phases_bad: float = setting(5.0, "bad: it has fewer than this; four are needed for four unknowns", gt=0)

    stripes_good: float = setting(0.02, "good: at most this share lies on repeated depths, latitudes, longitudes",
                                  ge=0, le=1)
    stripes_bad: float = setting(0.1, "bad: more than this share", ge=0, le=1)
    limits_good: float = setting(0.05, "good: at most this share lies at the least or the greatest depth", ge=0, le=1)
    limits_bad: float = setting(0.2, "bad: more than this share", ge=0, le=1)
    lattice_bad: float = setting(
        0.3, "bad: epicentres keep to a spacing at least this strongly (1 = all on its nodes)", ge=0, le=1)

    neighbours: int = setting(5, "how far an event lies apart is its distance to this nearest event", ge=1, le=100)
    outlier_z: float = setting(3.5, "an event further apart than this many robust standard deviations is an outlier",
                               gt=0)
    outliers_good: float = setting(0.02, "good: at most this share of outliers beyond what is expected", ge=0, le=1)
    outliers_bad: float = setting(0.03, "bad: more than this share, if most of them break strict_rms_s", ge=0, le=1)

    misfit_good: float = setting(
        0.65, "good: an outlier's RMS is larger than another event's in at most this share of cases; 0.5 is by chance",
        ge=0.5, le=1)
    misfit_bad: float = setting(0.8, "bad: in more than this share, if the share of outliers is bad", ge=0.5, le=1)

    least_arrivals: int = setting(20, "with fewer residuals nothing is said about a station", ge=5)
    median_good_s: float = setting(0.15, "good: a station's median P residual is at most this", "s", ge=0)
    median_bad_s: float = setting(0.5, "bad: it is more than this", "s", ge=0)
    spread_good_s: float = setting(0.3, "good: robust standard deviation of P residuals at most this", "s", ge=0)
    spread_bad_s: float = setting(0.8, "bad: more than this", "s", ge=0)
    tail_s: float = setting(1.0, "a residual beyond this is in the tail", "s", gt=0)
    tail_good: float = setting(0.03, "good: at most this share of residuals in the tail", ge=0, le=1)
    tail_bad: float = setting(0.1, "bad: more than this share", ge=0, le=1)
    drift_least_s: float = setting(0.05, "a smaller change of a station's residuals with time is not reported", "s",
                                   ge=0)
    drift_bad_s: float = setting(0.15, "bad: a station's residuals change by more than this for a time", "s", ge=0)

    wadati_stations: int = setting(3, "a Wadati line needs this many stations with P and S", ge=3)
    vp_vs_low: float = setting(1.6, "lowest credible vp/vs", gt=1)
    vp_vs_high: float = setting(1.9, "highest credible vp/vs", gt=1)
    vp_vs_error: float = setting(0.1, "an event counts for the share outside when its own error is at most this", gt=0)
    vp_vs_share_good: float = setting(0.1, "good: at most this share of events outside, beyond chance", ge=0, le=1)
    vp_vs_share_bad: float = setting(0.3, "bad: more than this share", ge=0, le=1)
    origin_good_s: float = setting(0.3, "good: origin times differ from Wadati's by at most this", "s", ge=0)
    origin_bad_s: float = setting(1.0, "bad: by more than this", "s", ge=0)

    curve_s: float = setting(1.0, "a travel time may lie off the curve by this ...", "s", gt=0)
    curve_fraction: float = setting(0.05, "... plus this fraction of the travel time", ge=0, le=1)
    curve_good: float = setting(0.02, "good: at most this share of travel times off the curve", ge=0, le=1)
    curve_bad: float = setting(0.1, "bad: more than this share", ge=0, le=1)
    mislabelled_good: float = setting(0.005, "good: at most this share on the curve of the other phase", ge=0, le=1)
    mislabelled_bad: float = setting(0.03, "bad: more than this share", ge=0, le=1)
    mislabelled_station: float = setting(0.2, "bad: more than this share of a station's arrivals", ge=0, le=1)
    s_before_p_good: float = setting(0.003, "good: at most this share of S not later than P", ge=0, le=1)
    s_before_p_bad: float = setting(0.01, "bad: more than this share", ge=0, le=1)

    lost_good: float = setting(0.2, "good: relocation loses at most this share of events", ge=0, le=1)
    lost_bad: float = setting(0.4, "bad: it loses more than this share", ge=0, le=1)
    lost_linked_good: float = setting(0.1, "good: at most this share is lost though linked", ge=0, le=1)
    lost_linked_bad: float = setting(0.3, "bad: more than this share", ge=0, le=1)
    neighbour_km: float = setting(5.0, "events further apart than this are not linked", "km", gt=0)
    least_links: int = setting(8, "arrivals at the same station and of the same phase that link two events", ge=1)
    shift_good_km: float = setting(2.0, "good: relocation moves the median event by at most this", "km", ge=0)
    shift_bad_km: float = setting(6.0, "bad: by more than this", "km", ge=0)
