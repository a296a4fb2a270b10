import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { DOCUMENT_FILE, renderDocument } from './render-document';

// `npm run openapi`, in the repository's root.
renderDocument().then(
  (text) => {
    writeFileSync(DOCUMENT_FILE, text);
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
