// What every page loads. Each module looks for what it serves in the page, and does nothing where there is none.
import htmx from "htmx.org";
import { keepWhatIsTyped } from "./morphing.ts";
import { warnOfLoss } from "./leaving.ts";
import { keepAnswers } from "./answers.ts";
import { forgetWhatWasChecked } from "./checked.ts";
import { forgetDraftsAtSignOut } from "./drafts.ts";
import { openDialogs } from "./dialogs.ts";
import { closeMenus } from "./menus.ts";
import { listenToKeys } from "./keys.ts";
import { loadParts } from "./parts.ts";
import { followChanges } from "./live.ts";
import { pollWhileSeen } from "./polling.ts";
import { followTyping } from "./typing.ts";
import { offerMyZone } from "./zones.ts";
import { watchSession } from "./session.ts";
import { keepTimes } from "./times.ts";
import { copyButtons } from "./copying.ts";
import { themeSwitch } from "./theme.ts";
import { showCurrentTab } from "./tabs.ts";
import { keepOwnAddress } from "./own_address.ts";

keepWhatIsTyped();
watchSession();
keepAnswers();
forgetWhatWasChecked();
warnOfLoss();
openDialogs();
forgetDraftsAtSignOut();
closeMenus();
keepOwnAddress();
copyButtons();
themeSwitch();
showCurrentTab();
keepTimes();
listenToKeys();
loadParts();
followChanges();
pollWhileSeen();
followTyping();
offerMyZone();

// For the browser's console, and for tests that wait until the page is theirs.
Object.assign(window, { htmx });
document.documentElement.dataset["ready"] = "true";
