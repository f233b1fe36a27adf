"""wandb.config: a map with attributes, whose values of the study cannot be changed by the program.

The study's values come from the file that WANDB_SWEEP_PARAM_PATH names, `{"lr": {"value": 0.1}}`.
hone writes it as JSON that is YAML too, so no YAML parser is needed here.
"""
import json
import os

from .errors import Error
from .errors.term import termwarn
from .helper import parse_config
from .util import json_friendly_val


class ConfigError(Error):
    """A value of the config was changed without allow_val_change=True."""


def read_parameter_file(path):
    """The parameters in `path`: JSON, or YAML where PyYAML is installed."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ConfigError("config file %s could not be read: %s" % (path, error)) from error
    try:
        loaded = json.loads(text)
    except ValueError as error:
        try:
            import yaml
        except ImportError:
            raise ConfigError("config file %s is not JSON (%s), and PyYAML is not installed"
                              % (path, error)) from error
        loaded = yaml.safe_load(text)
    loaded = loaded or {}
    loaded.pop("wandb_version", None)
    return {name: entry["value"] for name, entry in loaded.items()}


def study_parameters():
    """The values that the study gives to this run; empty outside of one."""
    path = os.environ.get("WANDB_SWEEP_PARAM_PATH")
    return read_parameter_file(path) if path else {}


def _merge(into, values):
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
    return into


class Config:
    """A run's parameters, by attribute and by key."""

    def __init__(self):
        object.__setattr__(self, "_items", {})
        object.__setattr__(self, "_locked", set())

    def keys(self):
        return [key for key in self._items if not key.startswith("_")]

    def items(self):
        return [(key, value) for key, value in self._items.items() if not key.startswith("_")]

    def values(self):
        return [value for _, value in self.items()]

    def as_dict(self):
        return dict(self)

    def get(self, *args):
        return self._items.get(*args)

    def __getitem__(self, key):
        return self._items[key]

    def __getattr__(self, key):
        try:
            return self._items[key]
        except KeyError:
            raise AttributeError("%r object has no attribute %r" % (type(self), key)) from None

    def __contains__(self, key):
        return key in self._items

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __repr__(self):
        return str(dict(self))

    def __setitem__(self, key, value):
        self._set(key, value, False)

    __setattr__ = __setitem__

    def update(self, d, allow_val_change=None):
        """Sets several values; one that changes a value raises, unless `allow_val_change`."""
        for key, value in parse_config(d).items():
            self._set(key, value, allow_val_change)

    def setdefaults(self, d):
        """Sets the values that are not set yet."""
        for key, value in parse_config(d).items():
            if key not in self._items:
                self._set(key, value, False)

    def persist(self):
        """Accepted, without effect."""

    def _set(self, key, value, allow_val_change):
        key = key.strip("-")
        if key in self._locked:
            termwarn("Config item '%s' was locked by 'sweep' (ignored update)." % key)
            return
        value = json_friendly_val(value)
        if not allow_val_change and key in self._items and value != self._items[key]:
            raise ConfigError(
                'Attempted to change value of key "%s" from %s to %s\nIf you really want to do '
                "this, pass allow_val_change=True to config.update()"
                % (key, self._items[key], value))
        self._items[key] = value

    def _set_study_values(self, values):
        for key, value in values.items():
            _merge(self._items, {key: json_friendly_val(value)})
            self._locked.add(key)
