import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const PORTAL = /^\/v1\/me(?:[/?]|$)/;
/** How long a browser may remember what it asked beforehand; some cap it lower. */
const REMEMBERED_SECONDS = '600';

/**
 * Lets pages of the configured origins call `/v1/me` from a browser. Only tells browsers what they may show; who may call is
 * the guard's to say, and no cookie ever counts.
 */
export function letPortalPagesIn(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  server.addHook('onRequest', (request, reply, done) => {
    if (!PORTAL.test(request.url)) return done();
    void reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return done();
    void reply.header('access-control-allow-origin', origin);
    void reply.header('access-control-expose-headers', 'x-request-id, retry-after, idempotent-replayed');
    if (isAskedBeforehand(request)) return answerBeforehand(reply);
    done();
  });
}

function isAskedBeforehand({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerBeforehand(reply: FastifyReply): void {
  void reply
    .header('access-control-allow-methods', 'GET, POST')
    .header('access-control-allow-headers', 'authorization, content-type, idempotency-key, x-request-id')
    .header('access-control-max-age', REMEMBERED_SECONDS)
    .code(204)
    .send();
}
