import { invalidRequest } from '../core/errors.js';
import type { Scope } from '../core/scope.js';
import { objectOfId } from '../core/types/names.js';
import type { Kind } from '../core/wire.js';

type Node = Record<string, unknown>;
/** Fields that Stripe leaves out until they are asked for: `<object>.<field>`. */
export type Includes = Record<string, (scope: Scope, node: Node) => unknown>;

const MAX_DEPTH = 4;

/** Ids of these can be chosen freely, so that the field's name tells the kind. */
const KIND_BY_FIELD: Record<string, Kind> = { coupon: 'coupon', product: 'product' };

/** The answer with the references of `expand[]` replaced by their objects; the stored objects stay as they are. */
export function expand(scope: Scope, answer: unknown, paths: readonly string[], includes: Includes): unknown {
  return paths.reduce((value, path) => {
    const parts = path.split('.');
    if (parts.filter((part) => part !== 'data').length > MAX_DEPTH) {
      throw invalidRequest(`You cannot expand more than ${MAX_DEPTH} levels of a property (${path}).`, {
        param: 'expand',
      });
    }
    return new Expansion(scope, path, includes).walk(value, parts);
  }, answer);
}

class Expansion {
  constructor(
    private readonly scope: Scope,
    private readonly path: string,
    private readonly includes: Includes,
  ) {}

  walk(value: unknown, parts: readonly string[]): unknown {
    const [field, ...rest] = parts;
    if (field === undefined || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.walk(item, parts));
    if (typeof value !== 'object') throw this.refused();
    const node = value as Node;
    return { ...node, [field]: this.walk(this.child(node, field), rest) };
  }

  private child(node: Node, field: string): unknown {
    const include = this.includes[`${String(node.object)}.${field}`];
    if (include) return include(this.scope, node);
    const value = node[field];
    if (value === undefined) throw this.refused();
    if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? this.resolve(field, item) : item));
    return typeof value === 'string' ? this.resolve(field, value) : value;
  }

  private resolve(field: string, id: string): unknown {
    const kind = KIND_BY_FIELD[field] ?? (objectOfId(id) as Kind | undefined);
    if (!kind) throw this.refused();
    const found = this.scope.maybe(kind, id) ?? this.scope.in('').maybe(kind, id);
    if (found) return found;
    const buried = this.scope.world.store.buried(this.scope.account, kind, id);
    if (!buried) throw this.refused();
    return kind === 'coupon' ? { ...buried, valid: false } : { id, object: kind, deleted: true };
  }

  private refused(): Error {
    return invalidRequest(`This property cannot be expanded (${this.path}).`, { param: 'expand' });
  }
}
