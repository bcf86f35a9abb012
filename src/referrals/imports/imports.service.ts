import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../access/caller.js';
import { SettleQueue } from '../../billing/mirror/settle-queue.js';
import { Clock } from '../../common/clock.js';
import { DomainError, invalidField } from '../../common/errors.js';
import { BalanceLines } from './balance-lines.importer.js';
import { CodeLines } from './code-lines.importer.js';
import { mappingOf, type ColumnMapping } from './column-mapping.js';
import { linesOf, type CsvLine } from './csv-lines.js';
import { CustomerLines } from './customer-lines.importer.js';
import type { ImportKind } from './import-fields.js';
import type { ImportLineView, ImportQuery, ImportView } from './import.dto.js';
import { columnOf, parsedLine } from './line-parsing.js';
import type { ImportTerms, LineImporter, LinePlan } from './line-importer.js';
import { PartnerLines } from './partner-lines.importer.js';
import { SeenLines } from './seen-lines.js';

/** So many lines are written in one transaction; with them go the locks that they need. */
const BATCH_LINES = 100;

/** What an import is told beside its lines. */
export type ImportOrder = ImportQuery & Pick<Caller, 'workspaceId'> & { madeBy: string };

/** One line, read and understood. */
interface ReadLine {
  number: number;
  line: object;
}

/** Brings in, line by line, what a file says. It makes what is missing and changes nothing that is there. */
@Injectable()
export class ImportsService {
  private readonly importers: Record<ImportKind, LineImporter>;

  constructor(
    private readonly db: DataSource,
    private readonly settling: SettleQueue,
    private readonly clock: Clock,
    partners: PartnerLines,
    codes: CodeLines,
    customers: CustomerLines,
    balances: BalanceLines,
  ) {
    this.importers = { partners, codes, customers, balances };
  }

  /** The whole answer at once; for files whose lines are few. Errors: those of `run`. */
  async collect(order: ImportOrder, bytes: AsyncIterable<Buffer>): Promise<ImportView> {
    const view: ImportView = {
      ...{ kind: order.kind, dryRun: order.dryRun === true },
      ...{ lines: 0, created: 0, unchanged: 0, refused: 0, columnsLeftAside: [], results: [] },
    };
    const onColumns = (mapping: ColumnMapping): void => void (view.columnsLeftAside = mapping.leftAside);
    for await (const result of this.run(order, bytes, onColumns)) {
      view.lines += 1;
      view[result.outcome] += 1;
      if (view.dryRun || result.outcome === 'refused') view.results.push(result);
    }
    return view;
  }

  /**
   * What becomes of each line, as it is written; in a dry run, what would. Holds a batch of lines and a few bytes of every
   * line before. Safe to repeat: a line that was brought in is `unchanged`. Errors: `empty_file`, `malformed_csv` and those of
   * the columns; what stands before the place was brought in.
   */
  async *run(
    order: ImportOrder,
    bytes: AsyncIterable<Buffer>,
    onColumns: (mapping: ColumnMapping) => void = () => undefined,
  ): AsyncGenerator<ImportLineView> {
    const lines = linesOf(bytes);
    const header = await lines.next();
    if (header.done === true)
      throw invalidField('file', 'empty_file', 'the file is empty; its first line names the columns');
    const mapping = mappingOf(header.value.cells, { ...order, map: order.map ?? [] });
    onColumns(mapping);
    const terms = this.termsOf(order);
    const seen = new SeenLines();
    let batch: CsvLine[] = [];
    const flush = async (): Promise<ImportLineView[]> => {
      const taken = batch;
      batch = [];
      return this.bring(taken, mapping, { order, terms, seen });
    };
    for await (const line of lines) {
      if (batch.push(line) === BATCH_LINES) yield* await flush();
    }
    yield* await flush();
  }

  private termsOf({ workspaceId, madeBy, program, currency, effectiveFrom, source, from }: ImportOrder): ImportTerms {
    const at = this.clock.now();
    return { workspaceId, madeBy, at, program, currency, effectiveFrom, source: source ?? from ?? 'import' };
  }

  private async bring(
    batch: readonly CsvLine[],
    mapping: ColumnMapping,
    { order, terms, seen }: { order: ImportOrder; terms: ImportTerms; seen: SeenLines },
  ): Promise<ImportLineView[]> {
    const importer = this.importers[order.kind];
    const results = new Map<number, ImportLineView>();
    const read: ReadLine[] = [];
    for (const line of batch) {
      try {
        const parsed = parsedLine(line, mapping, importer.type);
        const before = seen.see(importer.keyOf(parsed, terms), parsed, line.number);
        if (before === null) read.push({ number: line.number, line: parsed });
        else results.set(line.number, said(line.number, 'unchanged', `says the same as line ${before}`));
      } catch (error) {
        results.set(line.number, refusal(line.number, error, mapping));
      }
    }
    for (const result of await this.write(importer, read, { terms, mapping, isDry: order.dryRun === true })) {
      results.set(result.line, result);
    }
    return [...results.values()].sort((a, b) => a.line - b.line);
  }

  /** Together; one by one where something other than a line itself fails them, such as two who wait for each other's locks. */
  private async write(importer: LineImporter, read: readonly ReadLine[], how: Writing): Promise<ImportLineView[]> {
    if (read.length === 0) return [];
    try {
      return await this.inTransaction(importer, read, how);
    } catch (error) {
      if (read.length === 1) throw error;
      const results: ImportLineView[] = [];
      for (const one of read) results.push(...(await this.inTransaction(importer, [one], how)));
      return results;
    }
  }

  private async inTransaction(
    importer: LineImporter,
    read: readonly ReadLine[],
    { terms, mapping, isDry }: Writing,
  ): Promise<ImportLineView[]> {
    const runner = this.db.createQueryRunner();
    try {
      await runner.startTransaction();
      const plans = await importer.plan(
        read.map(({ line }) => line),
        terms,
        runner.manager,
      );
      const results: ImportLineView[] = [];
      for (const [at, { number }] of read.entries()) {
        results.push(await carriedOut(number, plans[at] as LinePlan | DomainError, mapping, runner.manager));
      }
      if (isDry) await runner.rollbackTransaction();
      else await runner.commitTransaction();
      if (!isDry) this.settling.announce();
      return results;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      throw error;
    } finally {
      await runner.release();
    }
  }
}

interface Writing {
  terms: ImportTerms;
  mapping: ColumnMapping;
  isDry: boolean;
}

/** A refusal undoes its own line and no other. */
async function carriedOut(
  line: number,
  plan: LinePlan | DomainError,
  mapping: ColumnMapping,
  tx: EntityManager,
): Promise<ImportLineView> {
  if (plan instanceof DomainError) return refusal(line, plan, mapping);
  try {
    if (plan.outcome === 'created') await tx.transaction(() => plan.make());
    return said(line, plan.outcome, plan.says);
  } catch (error) {
    return refusal(line, error, mapping);
  }
}

function said(line: number, outcome: 'created' | 'unchanged', message: string): ImportLineView {
  return { line, outcome, message, code: null, column: null };
}

/** Anything but a refusal rises. */
function refusal(line: number, error: unknown, mapping: ColumnMapping): ImportLineView {
  if (!(error instanceof DomainError)) throw error;
  const { code, message } = error;
  return { line, outcome: 'refused', message, code, column: columnOf(error, mapping) };
}
