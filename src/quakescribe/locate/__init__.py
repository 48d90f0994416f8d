"""The stage ``locate``: where and when each event was, and how well that is known."""
