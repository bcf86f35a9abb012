import { describe, expect, it } from '@jest/globals';
import { firstTasks } from './backfill-plan.js';
import { PLAN_ACCOUNTS } from './task.js';

describe('the plan of a backfill', () => {
  it('knows the connected accounts only when the lists of both versions of the API are read', () => {
    const plan = firstTasks(null, null).find(({ rule }) => rule === PLAN_ACCOUNTS);

    expect(plan?.after).toEqual(['accounts', 'v2_core_accounts']);
  });
});
