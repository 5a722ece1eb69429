"""The table of all settings, in the order ``docs/configuration.md`` lists them in."""

from shared.settings.gateway import GATEWAY
from shared.settings.product import PRODUCT
from shared.settings.setting import Setting
from shared.settings.tools import TOOLS
from shared.settings.workers import WORKERS

SETTINGS: dict[str, Setting] = {setting.name: setting for setting in (*PRODUCT, *GATEWAY, *WORKERS, *TOOLS)}
