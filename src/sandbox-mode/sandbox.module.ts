import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { SandboxClock } from './sandbox-clock.js';
import { SandboxController } from './sandbox.controller.js';

/** Only part of the application in sandbox mode; otherwise its route does not exist. */
@Module({})
export class SandboxModule {
  static forRoot(clock: SandboxClock): DynamicModule {
    return {
      module: SandboxModule,
      controllers: [SandboxController],
      providers: [{ provide: SandboxClock, useValue: clock }],
    };
  }
}
