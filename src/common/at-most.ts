/**
 * Works on all, at most so many at a time; answers in their order. After a failure nothing more is begun, and the first one
 * is thrown when all that was under way has ended: nothing goes on behind the caller's back.
 */
export async function atMost<T, R>(limit: number, all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) {
      try {
        results[index] = await work(all[index] as T);
      } catch (error) {
        next = all.length;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(limit, all.length) }, lane));
  const failed = lanes.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results;
}
