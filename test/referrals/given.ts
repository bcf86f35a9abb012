import type { HttpAnswer, TestService } from '../support/test-service.js';

let serial = 0;

/** A text that no other test of this file uses. */
export const unique = (what: string): string => `${what}-${++serial}`;

export interface GivenCode {
  programKey: string;
  partnerId: string;
  code: string;
}

type Fields = Record<string, unknown>;

/** A program, a partner and a code, with whatever the test is about. */
export async function givenCode(
  service: TestService,
  { program = {}, code = {} }: { program?: Fields; code?: Fields } = {},
): Promise<GivenCode> {
  const reward = { type: 'percentage', rateBps: 2_000 };
  const programKey = String(
    (await made(service, '/v1/programs', { key: unique('program'), name: 'Friends', reward, ...program })).key,
  );
  const partnerId = await givenPartner(service);
  const answer = await made(service, '/v1/codes', { programKey, partnerId, ...code });
  return { programKey, partnerId, code: String(answer.code) };
}

export async function givenPartner(service: TestService): Promise<string> {
  return String((await made(service, '/v1/partners', { externalId: unique('user') })).id);
}

export async function givenClick(service: TestService, code: string): Promise<string> {
  return String((await made(service, '/v1/clicks', { code })).id);
}

/** Headers of a key of a company that was founded just now. */
export async function givenStranger(service: TestService): Promise<{ authorization: string }> {
  const workspaceId = await service.newWorkspace();
  return { authorization: `Bearer ${await service.newKey(['*'], { workspaceId })}` };
}

export async function made(service: TestService, path: string, body: Fields): Promise<Fields> {
  const answer = await service.http('POST', path, body, { 'idempotency-key': unique('intention') });
  if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** What is expected of a refusal: status, code, and the field that is to be changed. */
export function refused(status: number, code: string, field?: string): Partial<HttpAnswer> {
  return { status, body: { error: { code, ...(field === undefined ? {} : { field }) } } };
}
