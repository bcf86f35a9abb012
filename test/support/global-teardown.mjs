export default function globalTeardown() {
  globalThis.tributaryTestCluster?.stop();
}
