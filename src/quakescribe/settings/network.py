"""Settings of picking with a network: a part of the stage ``pick``."""

from typing import Literal

from pydantic import model_validator

from quakescribe.settings.base import Section, setting


class NetworkSettings(Section):
    """How a network picks; of no concern to the rule-based picker."""

    weights: str = setting(
        "", "weights of 'sar' and 'phasenet': the .safetensors file that 'quakescribe train' wrote, with its record "
        "(.json) beside it; relative to the project folder")
    p_threshold: float = setting(0.3, "smallest probability of a P", gt=0, lt=1)
    s_threshold: float = setting(0.3, "smallest probability of an S", gt=0, lt=1)
    separation_s: float = setting(0.5, "two onsets of a phase are at least this far apart", "s", gt=0, le=5)
    min_sp_s: float = setting(0.3, "smallest S-P time of a pair", "s", gt=0, le=5)
    max_sp_s: float = setting(20.0, "largest S-P time of a pair", "s", gt=1, le=60)
    onset: Literal["refined", "network"] = setting(
        "refined", "'refined': onsets that stand out are placed anew by Akaike's criterion round the network's")
    refine_before_s: float = setting(0.4, "a refined onset is sought from this long before the network's", "s", ge=0,
                                     le=5)
    refine_after_s: float = setting(0.3, "a refined onset is sought until this long after the network's", "s", ge=0,
                                    le=5)
    refine_snr: float = setting(1.5, "an onset with a smaller amplitude ratio stays where the network put it", ge=0)
    window_samples: int = setting(
        0, "window of a SeisBench network; 0 = its own (the original PhaseNet: 3000, padded as by TensorFlow)", ge=0)
    overlap: float = setting(-1.0, "share of a window that the next one sees again; -1 = the network's own", ge=-1,
                            lt=1)
    stack: Literal["own", "mean", "max"] = setting(
        "own", "where windows overlap the mean or the largest of their probabilities counts; 'own' as the network's "
        "authors do (EQTransformer: the largest)")
    batch: int = setting(16, "windows that go through the network together; on a GPU 16 times as many", ge=1, le=1024)
    threads: int = setting(1, "CPU threads of one worker; the workers themselves take the cores", ge=1, le=256)
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "'auto': a GPU where there is one")

    @model_validator(mode="after")
    def _ordered(self) -> "NetworkSettings":
        if self.min_sp_s >= self.max_sp_s:
            raise ValueError("min_sp_s must be smaller than max_sp_s")
        return self
