import { Injectable } from '@nestjs/common';
import QRCode from 'qrcode';
import { DataSource } from 'typeorm';
import { WorkspacesService } from '../../access/workspaces.service.js';
import { DomainError, notFound } from '../../common/errors.js';
import { CodesService } from '../codes/codes.service.js';
import { ReferralProgram } from '../referral-program.entity.js';
import { browserScript, type ScriptTerms } from './browser-script.js';
import { linkOf } from './link-rules.js';

/** Where nothing is known of a program: the default of programs. */
const DEFAULT_TERMS: ScriptTerms = { windowDays: 30, touch: 'last' };
const PROGRAM_KEY = /^[a-z0-9_-]{1,64}$/;
/** Pixels per module: sharp in print at the size of a hand. */
const PNG_SCALE = 16;
/** A seventh of it may be dirty or torn. */
const ERROR_CORRECTION = 'M' as const;

/** What codes are to web pages and to print: the script that keeps clicks, and links as QR codes. */
@Injectable()
export class PagesService {
  constructor(
    private readonly db: DataSource,
    private readonly workspaces: WorkspacesService,
    private readonly codes: CodesService,
  ) {}

  /**
   * The script for pages of the home workspace, with the terms of the program, or else the longest window of all: whether a
   * click still counts is decided by its program in the end. Errors: `program_not_found`.
   */
  async script(programKey: string | null): Promise<string> {
    const isOdd = programKey !== null && !PROGRAM_KEY.test(programKey);
    const terms = isOdd ? null : await this.termsOf(programKey);
    if (terms === null && programKey !== null) throw notFound('program', programKey, 'program');
    return browserScript(terms ?? DEFAULT_TERMS);
  }

  async qrSvg(workspaceId: string, code: string, publicUrl: string): Promise<string> {
    const link = await this.linkOf(workspaceId, code, publicUrl);
    return QRCode.toString(link, { type: 'svg', errorCorrectionLevel: ERROR_CORRECTION });
  }

  async qrPng(workspaceId: string, code: string, publicUrl: string): Promise<Buffer> {
    const link = await this.linkOf(workspaceId, code, publicUrl);
    return QRCode.toBuffer(link, { type: 'png', errorCorrectionLevel: ERROR_CORRECTION, scale: PNG_SCALE });
  }

  /** Errors: `code_not_found`, `no_landing_url`: nobody should print what leads nowhere. */
  private async linkOf(workspaceId: string, text: string, publicUrl: string): Promise<string> {
    const { code, programKey } = await this.codes.require(workspaceId, text, this.db.manager);
    const program = await this.db.getRepository(ReferralProgram).findOneBy({ workspaceId, id: code.programId });
    if (program?.landingUrl == null) {
      const says = `links of the program ${programKey} lead nowhere: set its landingUrl first`;
      throw new DomainError('conflict', 'no_landing_url', says, { field: 'code' });
    }
    return linkOf(publicUrl, code.code);
  }

  private async termsOf(programKey: string | null): Promise<ScriptTerms | null> {
    const { id: workspaceId } = await this.workspaces.ensureHome();
    const [row] = await this.db.query<ScriptTerms[]>(
      `SELECT v.conversion_window_days AS "windowDays", CASE WHEN $2::text IS NULL THEN 'last' ELSE v.touch END AS touch
         FROM tributary.referral_program p
        CROSS JOIN LATERAL (
          SELECT conversion_window_days, touch FROM tributary.referral_program_version
           WHERE workspace_id = p.workspace_id AND program_id = p.id ORDER BY version DESC LIMIT 1) AS v
        WHERE p.workspace_id = $1 AND ($2::text IS NULL OR p.key = $2)
        ORDER BY v.conversion_window_days DESC LIMIT 1`,
      [workspaceId, programKey],
    );
    return row ?? null;
  }
}
