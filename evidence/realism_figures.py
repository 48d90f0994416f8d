"""The figures of docs/simulate.md: real recordings beside simulated ones."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image
from records import ROOT
from seismograms import RATE, Array, Shot, filtered, spectrum

from quakescribe.simulate.spectra import HIGH_MODEL, LOW_MODEL

mpl.use("Agg")
FIGURES = ROOT / "docs" / "figures"
REAL, MADE, P, S = "#1b2430", "#d55e00", "#0072b2", "#d55e00"
plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10,
                     "axes.titlelocation": "left", "legend.frameon": False, "figure.constrained_layout.use": True})


def save(figure: Any, name: str) -> None:
    FIGURES.mkdir(exist_ok=True)
    whole = BytesIO()
    figure.savefig(whole, dpi=150)
    plt.close(figure)
    Image.open(whole).convert("RGB").quantize(32).save(FIGURES / f"simulate_{name}.png", optimize=True)


def steps(axes: Axes, real: NDArray[Any], made: NDArray[Any], bins: Array) -> None:
    """Draw two distributions, as shares: real filled, simulated as a line; their medians as ticks."""
    for values, colour, fill, word in ((real, REAL, True, "real"), (made, MADE, False, "simulated")):
        height = np.histogram(values, bins)[0] / max(len(values), 1)
        axes.stairs(height, bins, fill=fill, alpha=0.25 if fill else 1.0, color=colour, lw=1.5,
                    label=f"{word} (n = {len(values):,}, median {np.median(values):.2g})")
        axes.plot(np.median(values), 0, marker="^", ms=8, color=colour, clip_on=False, zorder=3)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.3)
    axes.set_ylabel("share of the pairs")
    axes.legend(loc="upper right", fontsize=8)


def pairs(real: pd.DataFrame, made: pd.DataFrame) -> None:
    """S-P and signal-to-noise ratio of P, associated and not. Frames with columns sp, snr_p, associated."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 6))
    for row, (yes, word) in zip(axes, ((True, "associated"), (False, "not associated")), strict=True):
        mine, theirs = (f[f["associated"] == yes] for f in (made, real))
        steps(row[0], theirs["sp"].to_numpy(), mine["sp"].to_numpy(), np.arange(0, 10.3, 0.25))
        steps(row[1], theirs["snr_p"].to_numpy(), mine["snr_p"].to_numpy(), np.geomspace(1.5, 3000, 40))
        row[1].set_xscale("log")
        row[0].set_title(f"Pairs of PAL, {word}")
        row[0].set_xlabel("S minus P (s)")
        row[1].set_xlabel("signal-to-noise ratio of P (amplitudes)")
    save(figure, "pairs")


def models(axes: Axes) -> None:
    named = ((LOW_MODEL, "low-noise model", (0.12, -173)), (HIGH_MODEL, "high-noise model", (0.42, -100)))
    for corners, name, at in named:
        period, power = np.array(corners).T
        axes.plot(1 / period, power, color="#566273", lw=1.5, ls="--")
        axes.annotate(name, at, fontsize=8, color="#566273")


def band(axes: Axes, x: Array, rows: list[Array], colour: str, word: str) -> None:
    """Draw the median of the rows and their 10% to 90% range."""
    low, middle, high = np.quantile(rows, [0.1, 0.5, 0.9], axis=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
    axes.plot(x, middle, color=colour, lw=1.6, label=word)


def spectra(noise: dict[str, list[tuple[Array, Array]]], shots: dict[str, list[Shot]], what: str) -> None:
    """Noise beside the models, and P, S and coda of events; real and simulated."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 7))
    figure.suptitle(f"Events: {what}", fontsize=9, x=0.99, ha="right")
    for word, curves in noise.items():
        colour = REAL if word.startswith("real") else MADE
        for n, (f, power) in enumerate(curves):
            axes[0, 0].semilogx(*_thinned(f, power), color=colour, lw=0.7, alpha=0.7, label=None if n else word)
    models(axes[0, 0])
    axes[0, 0].set(xlim=(0.1, 50), ylim=(-190, -90), xlabel="frequency (Hz)", title="Noise, vertical",
                   ylabel="acceleration (dB rel. 1 (m/s$^2$)$^2$/Hz)")
    axes[0, 0].legend(loc="lower right", fontsize=8)
    windows = (("P, vertical, 1 s", 0, lambda q: slice(q.p - 10, q.p + 100)),
               ("S, horizontal, 2 s", 1, lambda q: slice(q.s - 10, q.s + 200)),
               ("coda 10 to 15 s after S, horizontal", 1, lambda q: slice(q.s + 1000, q.s + 1500)))
    for ax, (name, row, window) in zip(axes.ravel()[1:], windows, strict=True):
        for word, mine in shots.items():
            curves = [spectrum(q.x[row, window(q)]) for q in mine]
            band(ax, curves[0][0], [c for _, c in curves], REAL if word.startswith("real") else MADE, word)
        ax.set(xscale="log", yscale="log", xlim=(1, 45), title=name, xlabel="frequency (Hz)",
               ylabel="ground velocity (m)")
        ax.legend(loc="lower left", fontsize=8)
    save(figure, "spectra")


def _thinned(f: Array, power: Array) -> tuple[Array, Array]:
    edges = np.geomspace(0.09, 50, 80)
    inside = [(f >= a) & (f < b) for a, b in pairwise(edges)]
    keep = [k for k, m in enumerate(inside) if m.any()]
    return np.sqrt(edges[:-1] * edges[1:])[keep], np.array([np.median(power[inside[k]]) for k in keep])


def section(events: dict[str, list[Shot]], seconds: float = 20.0) -> None:
    """A record section per event: vertical and one horizontal, 1 to 20 Hz, each trace over its own largest value."""
    figure, axes = plt.subplots(1, 4, figsize=(12, 7), sharey=True)
    for k, (word, shots) in enumerate(events.items()):
        shots = sorted(shots, key=lambda q: q.hypocentral_km)
        for row, name in ((0, "vertical"), (1, "north")):
            ax = axes[2 * k + row]
            for at, shot in enumerate(shots):
                begin = shot.p - 2 * RATE
                y = filtered(shot)[row, begin:begin + int((seconds + 2) * RATE)]
                ax.plot(np.arange(len(y)) / RATE - 2, at + 0.48 * y / np.abs(y).max(), lw=0.4, color=REAL)
                for t, colour in ((0.0, P), ((shot.s - shot.p) / RATE, S)):
                    ax.plot([t, t], [at - 0.4, at + 0.4], color=colour, lw=1.4)
                if row == 0:
                    ax.text(-2.3, at - 0.1, f"{shot.hypocentral_km:.0f} km", fontsize=7, ha="right")
            ax.set(title=f"{word}, {name}", xlabel="s after P", yticks=[], xlim=(-5 if row == 0 else -2, seconds))
            ax.spines["left"].set_visible(False)
    save(figure, "section")


def envelopes(shots: dict[str, list[Shot]]) -> None:
    """Envelopes from 1 to 20 Hz over the root mean square of S, on time from S and on the vertical and horizontals."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
    before, after = 600, 2000  # the next real event comes after 22 s
    for word, mine in shots.items():
        colour = REAL if word.startswith("real") else MADE
        lines: list[list[Array]] = [[], []]
        for shot in mine:
            y = filtered(shot)
            strong = np.sqrt((y[:, shot.s:shot.s + 100] ** 2).sum(axis=0).mean())
            for out, rows in zip(lines, ([0], [1, 2]), strict=True):
                power = np.convolve((y[rows] ** 2).sum(axis=0), np.full(30, 1 / 30), "same")
                out.append(np.sqrt(power[shot.s - before:shot.s + after]) / strong)
        t = np.arange(-before, after) / RATE
        for ax, out, name in zip(axes, lines, ("vertical", "horizontals"), strict=True):
            band(ax, t, out, colour, f"{word} (n = {len(out)})")
            ax.set(yscale="log", ylim=(3e-3, 3), xlabel="s after S", title=name)
    axes[0].set_ylabel("amplitude over that of S in its first second")
    axes[1].legend(loc="upper right", fontsize=8)
    save(figure, "envelopes")
