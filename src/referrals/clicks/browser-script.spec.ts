import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { browserScript, type ScriptTerms } from './browser-script.js';

const CLICK = `click_${'0a'.repeat(13)}`;
const OTHER = `click_${'1b'.repeat(13)}`;
const TERMS: ScriptTerms = { windowDays: 30, touch: 'last' };

/** As much of an element as the script touches. */
class Element {
  constructor(
    readonly tag: string,
    private readonly attributes: Record<string, string> = {},
  ) {}

  get href(): string {
    return this.attributes.href ?? '';
  }
  set href(value: string) {
    this.attributes.href = value;
  }
  getAttribute(name: string): string | null {
    return this.attributes[name] ?? null;
  }
  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }
  matches(selector: string): boolean {
    return selector.split(',').some((one) => {
      const [, tag, start] = /^([\w-]+)(?:\[href\^="([^"]+)"\])?$/.exec(one) ?? [];
      return tag === this.tag && this.href.startsWith(start ?? '');
    });
  }
}

interface Visit {
  address: string;
  cookies?: string;
  elements?: Element[];
  /** Attributes of the script's own tag. */
  tag?: Record<string, string>;
  terms?: ScriptTerms;
  observes?: boolean;
}

/** Runs the script on a page and answers what it did there. */
function visit({ address, cookies = '', elements = [], tag = {}, terms = TERMS, observes = true }: Visit) {
  const written: string[] = [];
  const listeners = new Map<string, () => void>();
  const observers: Array<() => void> = [];
  const document = {
    currentScript: new Element('script', tag),
    documentElement: {},
    get cookie() {
      return cookies;
    },
    set cookie(value: string) {
      written.push(value);
    },
    querySelectorAll: (selector: string) => elements.filter((element) => element.matches(selector)),
    addEventListener: (event: string, listener: () => void) => listeners.set(event, listener),
  };
  const MutationObserver = class {
    constructor(private readonly listener: () => void) {}
    observe(): void {
      observers.push(this.listener);
    }
  };
  const { search, protocol } = new URL(address);
  const window: { location: object; tributary?: { clickId(): string | null } } = {
    ...{ location: { search, protocol } },
    ...(observes && { MutationObserver }),
  };
  // Neither `eval` nor anything else that makes code of text works there.
  const context = createContext({ window, document }, { codeGeneration: { strings: false, wasm: false } });
  runInContext(browserScript(terms), context);
  return { written, listeners, observers, clickId: window.tributary?.clickId() };
}

const LANDING = `https://example.com/join?plan=a&tributary_click=${CLICK}#top`;

describe('the script for the page', () => {
  it('is small, and needs nothing that the page does not have', () => {
    const script = browserScript(TERMS);

    expect(Buffer.byteLength(script)).toBeLessThan(2_048);
    expect(script).not.toMatch(/\n|eval|Function\(|import|fetch|XMLHttpRequest|MAX_AGE|FIRST/);
  });

  it('keeps the click in a cookie of the page’s own for the program’s window', () => {
    expect(visit({ address: LANDING })).toMatchObject({
      clickId: CLICK,
      written: [`tributary_click=${CLICK}; Max-Age=2592000; Path=/; SameSite=Lax; Secure`],
    });
    const terms = { ...TERMS, windowDays: 1 };
    const local = visit({
      address: `http://localhost/?tributary_click=${CLICK}`,
      tag: { 'data-domain': 'a.b' },
      terms,
    });
    expect(local.written).toEqual([`tributary_click=${CLICK}; Max-Age=86400; Path=/; SameSite=Lax; Domain=a.b`]);
  });

  it('knows the click on later pages, and writes nothing there', () => {
    const cookies = `a=1; tributary_click=${CLICK}; b=2`;

    expect(visit({ address: 'https://example.com/pricing', cookies })).toMatchObject({ clickId: CLICK, written: [] });
    expect(visit({ address: 'https://example.com/' })).toMatchObject({ clickId: null, written: [] });
  });

  it('keeps the last click, or the first where the program goes by that', () => {
    const cookies = `tributary_click=${OTHER}`;

    expect(visit({ address: LANDING, cookies }).clickId).toBe(CLICK);
    const first = visit({ address: LANDING, cookies, terms: { ...TERMS, touch: 'first' } });
    expect(first).toMatchObject({ clickId: OTHER, written: [] });
    expect(visit({ address: LANDING, terms: { ...TERMS, touch: 'first' } }).clickId).toBe(CLICK);
  });

  it.each(['x', `${CLICK}x`, 'click_<script>', `${CLICK}; Domain=evil.example`, ''])(
    'takes no %j for a click',
    (id) => {
      const address = `https://example.com/?tributary_click=${encodeURIComponent(id)}`;

      const cookies = `tributary_click=${encodeURIComponent(id)}`;
      expect(visit({ address, cookies })).toMatchObject({ clickId: null, written: [] });
    },
  );

  it('gives the click to Payment Links, pricing tables and buy buttons, once', () => {
    const links = [
      ['https://buy.stripe.com/abc', `https://buy.stripe.com/abc?client_reference_id=${CLICK}`],
      ['https://buy.stripe.com/abc?a=b#c', `https://buy.stripe.com/abc?a=b&client_reference_id=${CLICK}#c`],
      ['https://buy.stripe.com/abc?client_reference_id=own', 'https://buy.stripe.com/abc?client_reference_id=own'],
      ['https://buy.stripe.com.evil.example/abc', 'https://buy.stripe.com.evil.example/abc'],
    ] as const;
    const anchors = links.map(([href]) => new Element('a', { href }));
    const table = new Element('stripe-pricing-table');
    const button = new Element('stripe-buy-button');
    const own = new Element('stripe-pricing-table', { 'client-reference-id': 'own' });
    const elements = [...anchors, table, button, own];

    const { listeners, observers } = visit({ address: LANDING, elements });
    const late = new Element('a', { href: 'https://buy.stripe.com/late' });
    elements.push(late);
    listeners.get('DOMContentLoaded')?.();

    expect(anchors.map(({ href }) => href)).toEqual(links.map(([, marked]) => marked));
    expect(late.href).toBe(`https://buy.stripe.com/late?client_reference_id=${CLICK}`);
    const references = [table, button, own].map((element) => element.getAttribute('client-reference-id'));
    expect(references).toEqual([CLICK, CLICK, 'own']);
    const later = new Element('stripe-pricing-table');
    elements.push(later);
    observers[0]?.();
    expect(later.getAttribute('client-reference-id')).toBe(CLICK);
  });

  it('leaves the page alone without a click, and works without an observer', () => {
    const link = new Element('a', { href: 'https://buy.stripe.com/abc' });

    expect(visit({ address: 'https://example.com/', elements: [link] }).observers).toEqual([]);
    expect(link.href).toBe('https://buy.stripe.com/abc');
    expect(visit({ address: LANDING, elements: [link], observes: false }).clickId).toBe(CLICK);
  });
});
