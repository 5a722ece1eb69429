"""Settings of what stands beside the product: Flower and the command line."""

from shared.settings.kinds import as_text
from shared.settings.setting import PORT, Setting

TOOLS = (
    # --- flower
    Setting("FAULTLINE_FLOWER_HOST", as_text, "127.0.0.1", "Address Flower listens on."),
    Setting("FAULTLINE_FLOWER_PORT", PORT, "5555", "Port Flower listens on; under `faultline up` 0 leaves Flower out."),
    Setting(
        "FAULTLINE_FLOWER_PASSWORD",
        as_text,
        None,
        "Password of the user `admin` of Flower. `faultline up` makes one and keeps it in the data folder.",
        secret=True,
    ),
    # --- command line
    Setting("FAULTLINE_URL", as_text, "http://127.0.0.1:8080", "Gateway the `faultline` command talks to."),
    Setting(
        "FAULTLINE_TOKEN",
        as_text,
        None,
        "Token the `faultline` command uses; else the data folder's admin token.",
        secret=True,
    ),
)
