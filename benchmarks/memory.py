"""Memory of the processes that a benchmark starts."""

import threading
import time

import psutil


class Watch(threading.Thread):
    """Watch the memory of all processes below this one, from now until `stop`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._peak, self._going = 0.0, True
        self.start()

    def run(self) -> None:
        me = psutil.Process()
        while self._going:
            for child in me.children(recursive=True):
                try:
                    self._peak = max(self._peak, child.memory_info().rss / 2**20)
                except psutil.Error:  # it has just ended
                    continue
            time.sleep(0.2)

    def stop(self) -> float:
        """Return the largest memory that any of the processes had (MiB)."""
        self._going = False
        return self._peak
