/** Where a browser came to rest. */
export interface Page {
  url: URL;
  status: number;
  headers: Headers;
  body: string;
  /** Every address on the way, the last one included. */
  visited: string[];
}

interface Cookie {
  host: string;
  path: string;
  name: string;
  value: string;
}

export interface VisitOptions {
  method?: 'GET' | 'POST';
  form?: Record<string, string>;
  accept?: string;
  /** A redirect to such an address is noted and not followed. */
  stopAt?: (url: URL) => boolean;
}

/** A person's browser as far as redirects, cookies and forms go: cookies by host and path, whatever the port. */
export class ScriptedBrowser {
  readonly cookies: Cookie[] = [];

  async visit(address: string | URL, options: VisitOptions = {}): Promise<Page> {
    const { stopAt = () => false, accept = 'text/html,application/xhtml+xml,*/*;q=0.8' } = options;
    const visited: string[] = [];
    let { method = 'GET', form } = options;
    let url = new URL(address);
    for (let hop = 0; hop < 12; hop++) {
      visited.push(url.href);
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: { accept, cookie: this.header(url), connection: 'close' },
        ...(form ? { body: new URLSearchParams(form) } : {}),
      });
      this.keep(url, response.headers.getSetCookie());
      const location = response.headers.get('location');
      const body = await response.text();
      const { status, headers } = response;
      if (location === null || status < 300 || status >= 400) return { url, status, headers, body, visited };
      url = new URL(location, url);
      if (stopAt(url)) return { url, status, headers, body, visited: [...visited, url.href] };
      [method, form] = ['GET', undefined];
    }
    throw new Error(`No end of redirects: ${visited.join(' → ')}`);
  }

  /** Sends the page's only form, by the button of a value. */
  async submit(page: Page, button: string, options: VisitOptions = {}): Promise<Page> {
    const action = /<form[^>]* action="([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
    if (action === undefined) throw new Error(`There is no form on ${page.url.href}: ${page.status} ${page.body}`);
    return this.visit(new URL(action, page.url), { ...options, method: 'POST', form: { button } });
  }

  private header({ hostname, pathname }: URL): string {
    const inPath = (path: string): boolean => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/'));
    const sent = this.cookies.filter(({ host, path }) => host === hostname && inPath(path));
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  private keep({ hostname: host }: URL, setCookies: string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const attribute = (wanted: string): string | undefined =>
        attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = attribute('path') ?? '/';
      const known = this.cookies.findIndex(
        (cookie) => cookie.host === host && cookie.path === path && cookie.name === name,
      );
      if (known >= 0) this.cookies.splice(known, 1);
      const expires = attribute('expires');
      const gone = attribute('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
      if (!gone) this.cookies.push({ host, path, name, value });
    }
  }
}
