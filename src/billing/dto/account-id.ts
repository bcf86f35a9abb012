import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { buildMessage, isString, ValidateBy } from 'class-validator';
import { PLATFORM } from '../mirror/connected-accounts.service.js';

const ID_TEXT = /^[^\p{Cc}]{1,255}$/u;

/** A connected account's id; `platform` reaches the service as '', which is how the workspace's own objects are held. */
export function AccountId(): PropertyDecorator {
  const accepts = (value: unknown): boolean => value === '' || (isString(value) && ID_TEXT.test(value));
  const defaultMessage = buildMessage(
    () => `$property must be the id of a connected account (acct_…), or "${PLATFORM}"`,
  );
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => heldAs(value)),
    ValidateBy({ name: 'accountId', validator: { validate: accepts, defaultMessage } }),
  );
}

/** An empty text names nobody and must not pass for the platform. */
const heldAs = (value: unknown): unknown => (value === PLATFORM ? '' : value === '' ? false : value);
