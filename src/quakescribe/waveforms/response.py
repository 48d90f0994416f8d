"""Counts of a short window to true ground motion, by the full instrument response where StationXML has it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quakescribe.errors import StationError, WaveformError
from quakescribe.settings.waveforms import WaveformsSettings

_OUTPUTS = {"m": "DISP", "m/s": "VEL", "m/s**2": "ACC"}
_INTEGRALS = {"M": 0, "M/S": 1, "M/S**2": 2, "M/S/S": 2}


def remove_response(samples: NDArray[Any], sampling_rate: float, start_ns: int, station_id: str, channel: str,
                    inventory: Any, output: str = "m/s",
                    settings: WaveformsSettings | None = None) -> NDArray[np.float64]:
    """Return ground motion in ``output`` ('m', 'm/s' or 'm/s**2') from counts without gaps.

    The mean is taken off, 5% of each end tapered, and the spectrum divided by the response between the corners of
    ``pre_filter_hz``, with a floor ``water_level_db`` below its maximum. Where the StationXML has a sensitivity but no
    stages, the spectrum is divided by the sensitivity and integrated or differentiated, under the same pre-filter.

    Parameters
    ----------
    inventory
        An ObsPy Inventory, or the path of a StationXML file (read once per process, and again when it changes).

    Raises
    ------
    WaveformError
        If the window is empty or has samples that are not finite.
    StationError
        If the StationXML has neither response nor sensitivity for this channel at this time.
    """
    settings = WaveformsSettings() if settings is None else settings
    if output not in _OUTPUTS:
        raise WaveformError(f"output {output!r}; expected one of {', '.join(_OUTPUTS)}")
    values = np.asarray(samples, dtype=np.float64)
    if len(values) < 16 or not np.isfinite(values).all():
        raise WaveformError(f"{station_id} {channel}: a window of {len(values)} samples"
                            + (", some not finite" if len(values) else "") + "; expected 16 or more, all valid")
    low0, low1, high0, high1 = settings.pre_filter_hz
    corners = (low0, low1, high0 * sampling_rate, high1 * sampling_rate)
    response = _response(inventory, station_id, channel, start_ns)
    if response.response_stages:
        return _full(values, sampling_rate, response, corners, output, settings.water_level_db)
    return _gain_only(values, sampling_rate, response.instrument_sensitivity, corners, output)


def read_inventory(path: str | Path) -> Any:
    """Read a StationXML file, once per process as long as it does not change."""
    state = Path(path).stat()
    return _read(str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read(path: str, mtime_ns: int, size: int) -> Any:
    import obspy

    return obspy.read_inventory(path, format="STATIONXML")


def _response(inventory: Any, station_id: str, channel: str, start_ns: int) -> Any:
    from obspy import UTCDateTime

    source = read_inventory(inventory) if isinstance(inventory, (str, Path)) else inventory
    network, station, location = station_id.split(".")
    found = source.select(network=network, station=station, channel=channel, time=UTCDateTime(ns=int(start_ns)))
    for place in (location, ""):
        for part in (c for n in found for s in n for c in s if (c.location_code or "") == place):
            response = part.response
            sensitivity = response.instrument_sensitivity if response is not None else None
            if response is not None and (response.response_stages or (sensitivity is not None and sensitivity.value)):
                return response
    raise StationError(f"{station_id} {channel}: the StationXML has no response for {UTCDateTime(ns=int(start_ns))}")


def _full(values: NDArray[np.float64], rate: float, response: Any, corners: tuple[float, ...], output: str,
          water_level_db: float) -> NDArray[np.float64]:
    from obspy import Trace

    trace = Trace(values.copy(), {"sampling_rate": rate})
    trace.stats.response = response
    trace.remove_response(output=_OUTPUTS[output], pre_filt=corners, water_level=water_level_db)
    return np.asarray(trace.data, dtype=np.float64)


def _gain_only(values: NDArray[np.float64], rate: float, sensitivity: Any, corners: tuple[float, ...],
               output: str) -> NDArray[np.float64]:
    from obspy.signal.invsim import cosine_sac_taper, cosine_taper

    unit = str(sensitivity.input_units).strip().upper()
    if unit not in _INTEGRALS:
        raise StationError(f"sensitivity in {sensitivity.input_units!r}; expected M, M/S or M/S**2")
    order = _INTEGRALS[output.upper()] - _INTEGRALS[unit]
    n = 2 * len(values)
    spectrum = np.fft.rfft((values - values.mean()) * cosine_taper(len(values), 0.05), n)
    frequencies = np.fft.rfftfreq(n, 1 / rate)
    omega = 2j * np.pi * np.where(frequencies > 0, frequencies, 1.0)
    factor = np.where(frequencies > 0, omega**order, 0.0)
    spectrum *= cosine_sac_taper(frequencies, flimit=corners) * factor / float(sensitivity.value)
    return np.asarray(np.fft.irfft(spectrum, n)[:len(values)])
