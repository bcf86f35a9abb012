import { WholeNumber } from '../common/dto-decorators.js';

const SECONDS_PER_YEAR = 31_536_000;
const YEARS_MAX = 5;

export class AdvanceRequest {
  /** How far the clock of the sandbox, and with it business time, is moved forward. */
  @WholeNumber(1, YEARS_MAX * SECONDS_PER_YEAR)
  seconds: number;
}
