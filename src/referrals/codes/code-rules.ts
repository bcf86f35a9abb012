import { randomCrockford } from '../../common/ids.js';
import type { ReferralCode } from '../referral-code.entity.js';

/** 50 random bits: nobody finds a live code by guessing at any rate that the limits allow. */
const GENERATED_CODE_CHARS = 10;

export const CHOSEN_CODE = /^[A-Za-z0-9_-]{3,64}$/;

/** Words that people read as something else than somebody's code, in links and in support. */
const RESERVED_KEYS = new Set(
  'ABOUT ACCOUNT ADMIN API APP ASSETS BILLING CHECKOUT CODE DASHBOARD DEFAULT DOCS FALSE HELP LOGIN LOGOUT NEW NONE NULL PAY QR ROOT SIGNIN SIGNUP STATIC STRIPE SUPPORT SYSTEM TRIBUTARY TRUE UNDEFINED UNKNOWN VALIDATE'.split(
    ' ',
  ),
);

export const newCode = (): string => randomCrockford(GENERATED_CODE_CHARS);

/** What codes are compared by: they are typed by people, who do not care for case. Pure. */
export const codeKeyOf = (code: string): string => code.toUpperCase();

export const isReservedCode = (code: string): boolean => RESERVED_KEYS.has(codeKeyOf(code));

/** Why a code brings nobody new, by itself. */
export type OwnObjection = 'code_inactive' | 'code_expired' | 'code_exhausted';
/** The same, by its program and its partner too. */
export type CodeObjection = OwnObjection | 'program_not_active' | 'partner_not_active';

/** Why the code by itself brings nobody new at `at`, or null. It expires from its instant on, itself included. Pure. */
export function objectionTo(
  code: Pick<ReferralCode, 'active' | 'expiresAt' | 'maxUses' | 'uses'>,
  at: Date,
): OwnObjection | null {
  if (!code.active) return 'code_inactive';
  if (code.expiresAt !== null && code.expiresAt.getTime() <= at.getTime()) return 'code_expired';
  return code.maxUses !== null && code.uses >= code.maxUses ? 'code_exhausted' : null;
}
