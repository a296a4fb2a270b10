import { parse } from 'csv-parse/sync';
import { unzipSync } from 'fflate';
import type { ApiClient } from './api-client';

/** A file as a browser would save it. */
export interface DownloadedFile {
  status: number;
  headers: Headers;
  bytes: Buffer;
}

export async function download(
  { url }: ApiClient,
  path: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<DownloadedFile> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}`, ...headers } });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

export function parseCsv(bytes: Buffer, delimiter = ','): string[][] {
  return parse(bytes, { delimiter, bom: true, recordDelimiter: '\r\n', relaxColumnCount: false });
}

/** A cell as it is stored: its type, its format, and its text. */
export interface XlsxCell {
  type: string;
  style: number;
  value: string;
}

export interface XlsxSheet {
  name: string;
  xml: string;
  rows: Map<string, XlsxCell>[];
}

/** Reads a workbook with a zip library and a few expressions, and with nothing of what wrote it. */
export function readXlsx(bytes: Buffer): { sheets: XlsxSheet[]; workbook: string } {
  const files = unzipSync(bytes);
  const part = (name: string): string => {
    const file = files[name];
    if (!file) throw new Error(`The workbook holds no ${name}`);
    return Buffer.from(file).toString();
  };
  const targets = new Map(
    [...part('xl/_rels/workbook.xml.rels').matchAll(/Id="(\w+)" Type="[^"]+" Target="([^"]+)"/g)].map((found) => [
      found[1] ?? '',
      found[2] ?? '',
    ]),
  );
  const workbook = part('xl/workbook.xml');
  const sheets = [...workbook.matchAll(/<sheet name="([^"]+)" sheetId="\d+" r:id="(\w+)"\/>/g)].map(
    ([, name = '', id = '']) => {
      const xml = part(`xl/${targets.get(id) ?? ''}`);
      return { name: unescapeXml(name), xml, rows: rowsOf(xml) };
    },
  );
  return { sheets, workbook };
}

function rowsOf(xml: string): Map<string, XlsxCell>[] {
  return [...xml.matchAll(/<row r="\d+">(.*?)<\/row>/gs)].map(([, cells = '']) => {
    const found = cells.matchAll(
      /<c r="([A-Z]+)\d+"(?: t="(\w+)")?(?: s="(\d+)")?>(?:<v>(.*?)<\/v>|<is><t[^>]*>(.*?)<\/t><\/is>)<\/c>/gs,
    );
    return new Map(
      [...found].map(([, column = '', type = 'n', style = '0', number, text]) => [
        column,
        { type, style: Number(style), value: number ?? unescapeXml(text ?? '') },
      ]),
    );
  });
}

function unescapeXml(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text
    .replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/_x([0-9A-F]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
