"""What a picker is called in the table of picks."""


def display_name(picker: str) -> str:
    """Return the name of a picker: that of the settings, its weights without the folder they lie in."""
    kind, *rest = picker.split(":", 2)
    return ":".join([kind, rest[0], rest[1].replace("\\", "/").rpartition("/")[2]]) if len(rest) == 2 else picker
