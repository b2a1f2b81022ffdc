// Light and dark: as the system has it, unless the reader chooses. Charts are drawn on canvases, so they ask here for their colours.

const THEMES = ["system", "light", "dark"];
let theme = "system";
let printing = false;

function remembered() {
  // A page from a file may not be allowed to remember anything.
  try { return localStorage.getItem("rhaid-theme"); } catch { return null; }
}

function setTheme(name, onChange) {
  theme = THEMES.includes(name) ? name : "system";
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme-name").textContent = theme;
  try { localStorage.setItem("rhaid-theme", theme); } catch { /* It lasts as long as the page then. */ }
  onChange();
}

function startThemes(onChange) {
  const button = byId("theme");
  button.hidden = false;
  button.addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length], onChange));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  // On paper everything is light.
  const print = (now) => () => {
    printing = now;
    document.documentElement.toggleAttribute("data-print", now);
    onChange();
  };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  setTheme(remembered(), () => {});
}

/** The value of a colour of the style sheet. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function isDark() {
  if (printing) return false;
  return theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
}
