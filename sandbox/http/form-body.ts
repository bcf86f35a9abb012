/** A decoded parameter: text, or a nested object. Arrays are objects with the keys 0, 1, … until a schema reads them. */
export type FormValue = string | FormObject;
export interface FormObject {
  [key: string]: FormValue;
}

const MAX_PAIRS = 5_000;

/** Reads `a[b][0]=c&d[]=e`. Keys that would reach a prototype are dropped, as nothing of Stripe's is named so. */
export function parseForm(text: string): FormObject {
  const root: FormObject = Object.create(null) as FormObject;
  if (text === '') return root;
  for (const pair of text.split('&').slice(0, MAX_PAIRS)) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    assign(root, pathOf(key), value);
  }
  return root;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function pathOf(key: string): string[] {
  const head = key.indexOf('[');
  if (head < 0) return [key];
  return [key.slice(0, head), ...[...key.slice(head).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '')];
}

function assign(root: FormObject, path: string[], value: string): void {
  if (path.some((part) => part === '__proto__' || part === 'constructor' || part === 'prototype')) return;
  let target = root;
  path.forEach((part, index) => {
    const key = part === '' ? String(Object.keys(target).length) : part;
    if (index === path.length - 1) {
      target[key] = value;
      return;
    }
    const inner = target[key];
    const next = typeof inner === 'object' ? inner : (Object.create(null) as FormObject);
    target[key] = next;
    target = next;
  });
}
