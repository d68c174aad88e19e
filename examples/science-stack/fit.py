"""Fits a damped oscillation to measured angles, says what came out, and draws it."""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import chi2

NAMES = ("amplitude", "damping", "frequency", "phase")
UNITS = ("rad", "1/s", "1/s", "rad")
# What data/swing.csv was made with: see README.md.
TRUE = (0.30, 0.08, 0.50, 0.40)


def angle(time, amplitude, damping, frequency, phase):
    return amplitude * np.exp(-damping * time) * np.cos(2 * np.pi * frequency * time + phase)


def first_guess(time, measured):
    """The frequency is where the spectrum is highest: from a wrong one the fit would not find its way."""
    spectrum = np.abs(np.fft.rfft(measured - measured.mean()))
    frequency = np.fft.rfftfreq(len(time), time[1] - time[0])[spectrum.argmax()]
    return np.abs(measured).max(), 0.1, frequency, 0.0


def fit(time, measured, error):
    values, covariance = curve_fit(
        angle, time, measured, p0=first_guess(time, measured), sigma=error, absolute_sigma=True
    )
    return values, np.sqrt(np.diag(covariance))


def draw(path, time, measured, error, values):
    # Loaded here: who wants the numbers alone does not wait for it.
    import matplotlib.pyplot as plt

    # SVG files would hold random names and the time of day; so the same data gives the same file.
    plt.rcParams["svg.hashsalt"] = "pendulum"
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.errorbar(time, measured, error, fmt=".", label="measured")
    fine = np.linspace(time[0], time[-1], 1000)
    axes.plot(fine, angle(fine, *values), label="fitted")
    axes.set(xlabel="time (s)", ylabel="angle (rad)")
    axes.legend()
    figure.savefig(path, metadata=metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "swing.csv")
    parser.add_argument("--plot", type=Path, help="where to draw: a name that ends in .png, .svg or .pdf")
    parser.add_argument("--check", action="store_true", help="fail unless the values are those of the example")
    options = parser.parse_args()

    time, measured, error = np.loadtxt(options.data, delimiter=",", skiprows=1, unpack=True)
    values, errors = fit(time, measured, error)
    for name, value, spread, unit in zip(NAMES, values, errors, UNITS):
        print(f"{name:<10} {value:8.4f} +- {spread:.4f} {unit}")
    distance = float((((measured - angle(time, *values)) / error) ** 2).sum())
    freedom = len(time) - len(values)
    print(f"chi-square {distance:8.2f} for {freedom} degrees of freedom, p = {chi2.sf(distance, freedom):.2f}")

    if options.plot is not None:
        draw(options.plot, time, measured, error, values)
        print(f"drawn      {options.plot}")
    if options.check and (np.abs(values - TRUE) > 3 * errors).any():
        sys.exit("WRONG: more than three errors away from the values that the data was made with")


if __name__ == "__main__":
    main()
