import type { Server } from 'node:http';

/** How long requests under way may take when the service stops. */
const DRAIN_LIMIT_MS = 10_000;
const CHECK_EVERY_MS = 25;

/**
 * Takes no new connections and waits for the answers under way. Idle keep-alive connections are closed again and again,
 * because one that becomes idle after the first time would otherwise hold the exit up for its whole time-out.
 */
export async function stopHttp(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), CHECK_EVERY_MS);
  const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}
