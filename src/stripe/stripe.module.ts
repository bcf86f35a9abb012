import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { StripeGateway } from './stripe-gateway.service.js';

@Module({ imports: [AccessModule], providers: [StripeGateway], exports: [StripeGateway] })
export class StripeModule {}
