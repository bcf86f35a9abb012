import { closeDispute, EVIDENCE_TEXTS, submitEvidence } from '../billing/disputes.js';
import { bool, clearable, mergeMetadata, metadata, object, text } from '../http/params.js';
import { listing, retrieve, route, same, type Route } from '../http/router.js';

const evidence = object(Object.fromEntries(EVIDENCE_TEXTS.map((name) => [name, clearable(text)])));

export const disputeRoutes: Route[] = [
  retrieve('/v1/disputes/:id', 'dispute'),
  route('POST', '/v1/disputes/:id', { metadata, evidence, submit: bool }, (scope, params, id) => {
    const dispute = scope.get('dispute', id);
    const noted = scope.update(
      'dispute',
      dispute,
      { metadata: mergeMetadata(dispute.metadata, params.metadata) },
      params.evidence ? undefined : 'charge.dispute.updated',
    );
    return params.evidence ? submitEvidence(scope, noted, params.evidence, params.submit ?? true) : noted;
  }),
  // The platform gives up.
  route('POST', '/v1/disputes/:id/close', {}, (scope, _params, id) =>
    closeDispute(scope, scope.get('dispute', id), 'lost'),
  ),
  listing(
    '/v1/disputes',
    'dispute',
    { charge: text, payment_intent: text },
    (row, params) => same(row.charge, params.charge) && same(row.payment_intent, params.payment_intent),
  ),
];
