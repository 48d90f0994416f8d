"""The report: one self-contained HTML file of a run's tables."""

from quakescribe.report.page import write

__all__ = ["write"]
