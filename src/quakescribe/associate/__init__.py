"""Association: picks become events. One function per need; the algorithm is in :mod:`quakescribe.associate.pal`."""

from quakescribe.associate.pal import Associated, associate, groups

__all__ = ["Associated", "associate", "groups"]
