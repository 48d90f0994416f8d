"""Association: picks become events. The stage is in :mod:`stage`, the algorithm of PAL in :mod:`pal`."""

from quakescribe.associate.results import Associated
from quakescribe.associate.stage import ASSOCIATORS, associate, groups, skips

__all__ = ["ASSOCIATORS", "Associated", "associate", "groups", "skips"]
