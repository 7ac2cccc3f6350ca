// Light or dark, before anything is painted: therefore not a module. The choice is made in settings.js.
try {
  const theme = JSON.parse(localStorage.getItem('switchboard.theme') ?? '""');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // The browser keeps nothing: what the system prefers, then.
}
