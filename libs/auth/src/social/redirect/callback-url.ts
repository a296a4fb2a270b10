import type { AppConfig } from '@tiptop/platform';
import type { Provider } from '../provider';

/** Where a provider sends the browser back to. Never made from a request, whose Host anybody may write. */
export function callbackUrl({ publicUrl, port }: AppConfig, provider: Provider): URL {
  const base = (publicUrl ?? `http://localhost:${port}`).replace(/\/+$/, '');
  return new URL(`${base}/v1/auth/${provider}/callback`);
}
