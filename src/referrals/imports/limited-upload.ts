import { Readable } from 'node:stream';
import { DomainError } from '../../common/errors.js';

/** An upload must be over before the server loses patience; what is bigger goes through the command, or in pieces. */
export const UPLOAD_BYTES_MAX = 4_194_304;

/**
 * The body of an upload, read at the network's pace and kept, so that a slow import does not keep the sender's connection
 * waiting. Errors: `unsupported_media_type`, `body_too_large`.
 */
export async function uploadOf(body: unknown): Promise<AsyncIterable<Buffer>> {
  if (!(body instanceof Readable)) {
    const says = 'send the file as the body, with Content-Type: text/csv';
    throw new DomainError('unsupported_media_type', 'unsupported_media_type', says, { field: 'Content-Type' });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > UPLOAD_BYTES_MAX) {
      const says = `an uploaded file holds at most ${UPLOAD_BYTES_MAX} bytes; cut it, or use tributary import`;
      throw new DomainError('too_large', 'body_too_large', says, { field: 'body' });
    }
    chunks.push(chunk);
  }
  return Readable.from(chunks);
}
