// Light, dark, or as the system has it; kept in this browser. Charts repaint on the event "hone-theme".

export type Theme = "system" | "light" | "dark";

const kKey = "hone-theme";
const kThemes: Theme[] = ["system", "light", "dark"];

export function theme(): Theme {
  try {
    const kept = localStorage.getItem(kKey);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system"; // no storage in this browser
  }
}

export function next_theme(now: Theme): Theme {
  return kThemes[(kThemes.indexOf(now) + 1) % kThemes.length]!;
}

export function set_theme(next: Theme): void {
  try {
    if (next === "system") localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, next);
  } catch {
    // It holds for this page then.
  }
  apply(next);
}

const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

/** The document says which of the two holds; the style has the colours of both. */
function apply(next: Theme): void {
  document.documentElement.dataset.theme = next !== "system" ? next : dark().matches ? "dark" : "light";
  window.dispatchEvent(new Event("hone-theme"));
}

/** Applies what was kept, and follows the system. */
export function begin_theme(): void {
  apply(theme());
  dark().addEventListener("change", () => apply(theme()));
}
