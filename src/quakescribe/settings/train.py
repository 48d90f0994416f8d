"""Settings of ``train``: which picks are labels, how samples are varied, how a network is fitted."""

from typing import Literal

from pydantic import model_validator

from quakescribe.settings.base import Section, setting


class SamplesSettings(Section):
    """Which cut-outs of the recordings are samples. Times in seconds."""

    well_located: bool = setting(True, "labels come from well-located events only")
    residual_p_s: float = setting(0.5, "a P is a label if its residual is smaller", "s", gt=0)
    residual_s_s: float = setting(0.8, "an S is a label if its residual is smaller", "s", gt=0)
    agree_with: tuple[str, ...] = setting(
        (), "names of other runs of the project, made by other pickers, that labels must agree with (consensus)")
    agree_least: int = setting(1, "so many of them must have the onset", ge=1)
    agree_p_s: float = setting(0.1, "a P is the same onset within this time", "s", gt=0)
    agree_s_s: float = setting(0.2, "an S is the same onset within this time", "s", gt=0)
    by_hand: str = setting(
        "", "file of onsets picked by hand (QuakeML, CSV, any known format) that are the labels instead of the run's")
    max_sp_s: float = setting(18.0, "largest S-P time of a labelled pair", "s", gt=0, le=60)
    cut_s: float = setting(60.0, "length of a sample; the P of a positive lies in its middle", "s", gt=20, le=300)
    negatives: Literal["adaptive", "none"] = setting(
        "adaptive", "'adaptive': more where much was picked and little associated (AI-PAL's rule); 'none'")
    negatives_scale: float = setting(1.0, "all numbers of negatives times this", ge=0, le=20)
    negatives_least: float = setting(
        0.25, "no fewer negatives at a station and day than this share of its positives and their copies, however "
        "much of its picks is associated; AI-PAL has 0", ge=0, le=1)
    copies: int = setting(2, "N_aug of the adaptive rule: negatives are counted against so many copies of a positive",
                          ge=1, le=20)
    keep_quakes_out: bool = setting(
        True, "no negative where an event is predicted or pairs of two stations agree in origin time; "
        "false: only windows with both onsets of an associated pair are avoided, as published")
    agree_s: float = setting(
        2.0, "origin times of unassociated pairs at different stations that agree this well may be an earthquake", "s",
        gt=0, le=10)
    noise_per_day: int = setting(30, "background cut-outs per station and day, to be added to positives", ge=0)
    split_minutes: int = setting(60, "time is cut into blocks of this length; each is training or validation", "min",
                                 ge=5, le=1440)
    valid_share: float = setting(0.1, "share of the blocks that are validation: one of every 1 / valid_share", gt=0,
                                 le=0.5)
    seed: int = setting(0, "of all that is drawn", ge=0)

    @property
    def wants_negatives(self) -> bool:
        """Whether there shall be any negatives."""
        return self.negatives != "none" and self.negatives_scale > 0


class AugmentSettings(Section):
    """How a sample is varied each time it is seen."""

    shift: bool = setting(True, "the window begins at a random place before the P; false: always at the same")
    partial_share: float = setting(
        0.3, "share of positives whose window may begin or end between P and S, as the windows of a recording do",
        ge=0, le=1)
    noise_share: float = setting(0.5, "share of positives to which background of the same station is added", ge=0, le=1)
    noise_level_max: float = setting(
        0.5, "largest level of the added background, as a share of the pair's largest sample", ge=0)
    stack_share: float = setting(0.3, "share of positives to which another event of the station is added", ge=0, le=1)
    drop_share: float = setting(0.1, "share of samples of which one or two components are silenced", ge=0, le=1)
    gain_db: float = setting(3.0, "largest change of one component's gain against the others, either way", "dB", ge=0)
    polarity_share: float = setting(0.5, "share of samples turned upside down", ge=0, le=1)


class FitSettings(Section):
    """How a network is fitted."""

    net: Literal["sar", "sar-published", "phasenet"] = setting(
        "sar", "'sar': GRU with self-attention and an onset for every sample; 'sar-published': as in AI-PAL, one class "
        "for every 0.1 s; 'phasenet': U-Net")
    init: str = setting("", "weights to start from (fine-tuning), relative to the project; empty = from scratch")
    epochs: int = setting(30, "passes over the positives at most", ge=1)
    batch: int = setting(64, "windows per step", ge=1)
    learning_rate: float = setting(0.001, "largest learning rate", gt=0)
    schedule: Literal["cosine", "constant"] = setting(
        "cosine", "'cosine': rises over the first warm_up steps, then falls to nothing; 'constant'")
    warm_up: int = setting(100, "steps over which the learning rate rises", ge=0)
    weight_decay: float = setting(0.0, "decoupled weight decay", ge=0)
    patience: int = setting(8, "epochs without a better validation loss after which fitting stops", ge=1)
    label_sigma_s: float = setting(0.1, "one sigma of the Gaussian that marks an onset", "s", gt=0, le=1)
    ignore_s: float = setting(1.0, "no loss this long before and after a doubtful onset", "s", ge=0, le=10)
    seed: int = setting(0, "of first weights, order and variation", ge=0)
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "'auto': a GPU where there is one")
    threads: int = setting(0, "CPU threads; 0 = all cores", ge=0)
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "'auto': mixed bfloat16 on a GPU, float32 on a CPU")


class RoundsSettings(Section):
    """Training again from what the trained picker found."""

    rounds: int = setting(1, "how often a network is trained; each round takes its labels from the run before", ge=1,
                          le=10)
    stop_gain: float = setting(
        0.03, "no further round if this one's associated picks, less those by chance, grew by less than this share",
        ge=0, le=1)


class TrainSettings(Section):
    """Training a picker on this network's own recordings."""

    samples: SamplesSettings = SamplesSettings()
    augment: AugmentSettings = AugmentSettings()
    fit: FitSettings = FitSettings()
    rounds: RoundsSettings = RoundsSettings()

    @model_validator(mode="after")
    def _long_enough(self) -> "TrainSettings":
        if self.samples.max_sp_s + 1 > self.samples.cut_s / 2:
            raise ValueError("samples.cut_s must be more than twice samples.max_sp_s + 1 s")
        return self
