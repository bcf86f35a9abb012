import { Entity, Index } from 'typeorm';
import { StripeModel } from './stripe-model.entity.js';

@Entity({ schema: 'stripe', name: 'accounts' })
@Index('accounts_created', ['workspaceId', 'created', 'id'])
export class Account extends StripeModel {
  /**
   * Whether money can be transferred to the account. This, not `charges_enabled`, is what a recipient needs: an account
   * under the recipient agreement cannot charge and can be paid (rule R12).
   */
  get canReceiveTransfers(): boolean {
    const capabilities = this.data.capabilities as Record<string, string> | undefined;
    return (
      this.deletedAt === null && (capabilities?.transfers === 'active' || capabilities?.legacy_payments === 'active')
    );
  }
}
