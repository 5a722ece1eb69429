"""All settings of the product, in one table, and how they are read from the environment.

A service lists the settings it needs and gets typed values; ``docs/configuration.md`` is checked against
``SETTINGS`` by a test. Only composition roots call ``read_settings``.
"""

from shared.settings.reading import read_settings
from shared.settings.setting import Setting
from shared.settings.table import SETTINGS

__all__ = ["SETTINGS", "Setting", "read_settings"]
