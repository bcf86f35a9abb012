import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import QRCode from 'qrcode';
import { startTestService } from '../support/test-service.js';
import type { TestService } from '../support/test-service.js';
import { givenCode, givenStranger, refused } from './given.js';

let service: TestService;

beforeAll(async () => {
  service = await startTestService({ sandbox: false });
});
afterAll(() => service?.stop());

const LANDING = { program: { landingUrl: 'https://example.com/join' } };

async function fetched(path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${service.httpUrl}${path}`, { headers });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}

describe('the QR code of a link', () => {
  const own = () => ({ authorization: `Bearer ${service.apiKey}` });
  const svgOf = (link: string) => QRCode.toString(link, { type: 'svg', errorCorrectionLevel: 'M' });

  it('is an SVG or a PNG, and leads to where the service is asked', async () => {
    const { code } = await givenCode(service, LANDING);

    const svg = await fetched(`/v1/codes/${code.toLowerCase()}/qr.svg`, own());
    const png = await fetched(`/v1/codes/${code}/qr.png`, own());

    expect([svg.status, svg.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    expect(svg.body.toString()).toBe(await svgOf(`${service.httpUrl}/r/${code}`));
    expect([png.status, png.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(png.body.subarray(1, 4).toString()).toBe('PNG');
    const side = png.body.readUInt32BE(16);
    const { modules } = QRCode.create(`${service.httpUrl}/r/${code}`, { errorCorrectionLevel: 'M' });
    expect(side).toBe((modules.size + 8) * 16);
  });

  it('leads to the public address where one is set', async () => {
    const { code } = await givenCode(service, LANDING);
    const { databaseUrl, apiKey } = service;
    const env = { TRIBUTARY_PUBLIC_URL: 'https://go.example.com/', TRIBUTARY_API_KEY: apiKey };
    const other = await startTestService({ sandbox: false, databaseUrl, env });

    const answer = await fetch(`${other.httpUrl}/v1/codes/${code}/qr.svg`, { headers: own() });
    const text = await answer.text();
    await other.stop();

    expect(text).toBe(await svgOf(`https://go.example.com/r/${code}`));
  });

  it('is not made of what leads nowhere or belongs to others', async () => {
    const homeless = await givenCode(service);
    const { code } = await givenCode(service, LANDING);
    const qr = (text: string, headers = {}) => service.http('GET', `/v1/codes/${text}/qr.svg`, undefined, headers);

    expect(await qr(homeless.code)).toMatchObject(refused(409, 'no_landing_url', 'code'));
    expect(await qr('NOBODY')).toMatchObject(refused(404, 'code_not_found', 'code'));
    expect(await qr(code, await givenStranger(service))).toMatchObject(refused(404, 'code_not_found', 'code'));
    expect((await qr(code, { authorization: '' })).status).toBe(401);
  });
});

describe('the script for pages', () => {
  it('is small, may be kept, and has the program’s window', async () => {
    const terms = { conversionWindowDays: 7, touch: 'first' };
    const { programKey } = await givenCode(service, { program: terms });
    await givenCode(service, { program: { conversionWindowDays: 90 } });

    const own = await fetched(`/t.js?program=${programKey}&v=2`);
    const any = await fetched('/t.js');

    expect(own.status).toBe(200);
    expect(own.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(own.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(own.headers.get('set-cookie')).toBeNull();
    expect(own.body.length).toBeLessThan(2_048);
    expect(own.body.toString()).toContain('age=604800,first=1');
    expect(any.body.toString()).toContain('age=7776000,first=0');
  });

  it.each(['nothing', 'a%00b', "'"])('is not there for the program %s', async (key) => {
    expect((await fetched(`/t.js?program=${key}`)).status).toBe(404);
  });
});
