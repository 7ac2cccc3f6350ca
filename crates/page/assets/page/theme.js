// What comes before everything else, and is therefore not a module: light or dark, before anything is
// painted (the choice is made in settings.js), and what is shown if a file of the page does not come.
try {
  const theme = JSON.parse(localStorage.getItem('switchboard.theme') ?? '""');
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // The browser keeps nothing: what the system prefers, then.
}

// A server may refuse a file when too many ask at once. Without it there would be no page, and no word.
let broken = false;
addEventListener('error', ({ target }) => {
  const file = target instanceof HTMLScriptElement || (target instanceof HTMLLinkElement && target.rel === 'stylesheet');
  if (!file || broken) return;
  broken = true;
  const told = document.createElement('p');
  told.id = 'broken';
  told.setAttribute('role', 'alert');
  told.textContent = 'A part of this page did not come. The server may be full, or too many load it at once from where you are. It is tried again in a few seconds.';
  const show = () => document.body.replaceChildren(told);
  if (document.body) show();
  else addEventListener('DOMContentLoaded', show);
  setTimeout(() => location.reload(), 3000 + 4000 * Math.random());
}, true);
