// Runs before anything is painted, so that neither theme nor language jumps.
(() => {
  let theme = "",
    language = "";
  try {
    theme = localStorage.getItem("theme") || "";
    language = localStorage.getItem("language") || "";
  } catch {
    /* storage may be off: then the browser's own wishes hold */
  }
  const root = document.documentElement;
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  root.lang = language || ((navigator.language || "").startsWith("ko") ? "ko" : "en");
})();
