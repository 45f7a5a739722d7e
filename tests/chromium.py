"""The Chromium of browser tests, without what it starts beside each page that no test looks at."""

from collections.abc import Sequence
from typing import Final

# Each browser profile has a window of its own, and each window loaded the menus of its address bar, while one more
# renderer waited for the next page: three processes for one page, and two thirds of what opening it cost
# (`Target.getTargets` with the filter `[{}]` shows what else a window loads).
NEEDLESS: Final = (
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
)
# Chromium takes the last list that it is given, so that ours has to repeat Playwright's.
BY_PLAYWRIGHT: Final = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
_DISABLED: Final = "--disable-features="
FLAGS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    _DISABLED + ",".join((*BY_PLAYWRIGHT, *NEEDLESS)),
)
# Milliseconds that a page has to show what is expected: a loaded machine needs more than Playwright's five seconds.
PATIENCE: Final = 20_000


def disabled(command_line: Sequence[str]) -> list[set[str]]:
    """Every list of disabled features in a browser's command line, the one that holds last."""
    return [
        set(word.removeprefix(_DISABLED).split(",")) for word in command_line if word.startswith(_DISABLED)
    ]
