import type { CommissionRow } from './commissions.repository.js';
import type { CommissionView } from './dto/commission.dto.js';

export function commissionView(row: CommissionRow): CommissionView {
  const amountMinor = Number(row.amount);
  const netMinor = Number(row.net);
  return {
    id: row.id,
    partnerId: row.partner_id,
    programKey: row.program_key,
    programVersion: row.program_version,
    code: row.code,
    customerId: row.customer_id,
    customerExternalId: row.customer_external_id,
    source: row.source,
    sourceId: row.source_id,
    state: row.state,
    amountMinor,
    reversedMinor: amountMinor - netMinor,
    netMinor,
    currency: row.currency,
    occurredAt: row.occurred_at.toISOString(),
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
  };
}
