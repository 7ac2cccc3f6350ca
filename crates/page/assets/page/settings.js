// What somebody chooses: light or dark, notifications, comings and goings.
//
// Invariant: a choice holds at once and on the next visit.

import { the } from './dom.js';
import { kept } from './memory.js';
import { Notify } from './notify.js';

export class Settings {
  /** @param {import('./main.js').App} app */
  constructor(app) {
    const form = the('settings-form');
    const notify = the('notify');
    const quiet = the('quiet');
    form.theme.value = kept.get('theme') ?? 'system';
    notify.disabled = !Notify.able;
    notify.checked = Notify.wanted;
    the('notify-why').hidden = Notify.able;
    quiet.checked = kept.get('quiet') === true;
    document.documentElement.dataset.quiet = String(quiet.checked);
    form.addEventListener('change', async (/** @type {Event} */ event) => {
      if (event.target === notify) notify.checked = await Notify.want(notify.checked);
      kept.set('theme', form.theme.value);
      document.documentElement.dataset.theme = form.theme.value;
      kept.set('quiet', quiet.checked);
      document.documentElement.dataset.quiet = String(quiet.checked);
      app.timeline.paint();
    });
    the('show-settings').addEventListener('click', () => the('settings').showModal());
  }
}
