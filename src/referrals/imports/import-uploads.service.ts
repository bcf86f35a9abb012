import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/caller.js';
import type { ImportQuery, ImportView } from './import.dto.js';
import { ImportsService } from './imports.service.js';
import { uploadOf } from './limited-upload.js';

/** Files that are sent over HTTP. */
@Injectable()
export class ImportUploads {
  constructor(private readonly imports: ImportsService) {}

  /** Errors: those of the upload and of the import. */
  async import({ workspaceId, keyId }: Caller, query: ImportQuery, body: unknown): Promise<ImportView> {
    return this.imports.collect({ ...query, workspaceId, madeBy: keyId }, await uploadOf(body));
  }
}
