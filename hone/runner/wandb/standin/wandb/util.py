"""The few functions of wandb.util that programs call."""
import dataclasses
import datetime
import enum
import secrets

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def generate_id(length=8):
    """A random id; the program's own random state is not touched."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def json_friendly_val(value):
    """`value` as JSON can hold it: scalars of numpy and torch as numbers, other objects as text."""
    if value is None or isinstance(value, (bool, int, str)) and not isinstance(value, enum.Enum):
        return value
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, dict):
        return {key: json_friendly_val(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [json_friendly_val(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return json_friendly_val(dataclasses.asdict(value))
    if hasattr(value, "tolist"):  # numpy, torch
        listed = value.tolist()
        while isinstance(listed, list) and len(listed) == 1:
            listed = listed[0]
        return json_friendly_val(listed)
    if callable(value) and hasattr(value, "__qualname__"):
        return "%s.%s" % (value.__module__, value.__qualname__)
    return str(value)
