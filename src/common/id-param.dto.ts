import { IdText } from './dto-decorators.js';

/** `:id` of a path, or the `id` of a gRPC request. */
export class IdParam {
  @IdText()
  id: string;
}
