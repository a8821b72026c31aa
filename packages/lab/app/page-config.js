/** Reads an option of the page as it was sent. PageConfig cannot be asked yet: its package is not loaded. */
const options = JSON.parse(document.getElementById('jupyter-config-data')?.textContent ?? '{}');

export function pageOption(name) {
  return options[name];
}
