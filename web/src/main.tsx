// Begins the page.
import { render } from "preact";
import { Shell } from "./views/shell";
import { begin_theme } from "./views/theme";

begin_theme();
render(<Shell />, document.getElementById("app")!);

// One menu is open at a time, and none once the pointer or the focus is elsewhere.
const close_menus = (event: Event): void => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
};
document.addEventListener("pointerdown", close_menus);
document.addEventListener("focusin", close_menus);
