import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { Cli } from './cli';

const LINGER_MS = 2000;

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { argv, stdin, stdout, stderr } = process;
  const cli = new Cli({ args: argv.slice(2), variables: process.env, stdin, stdout, stderr });
  let asked = false;
  const interrupt = (signal: NodeJS.Signals): void => {
    // The second time means at once.
    if (asked) process.exit(1);
    asked = true;
    void cli.interrupt(signal).then(
      (exitCode) => process.exit(exitCode),
      () => process.exit(1),
    );
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  process.exitCode = await cli.run();
  // Everything is closed. Should something keep the process alive nevertheless, it is not waited for.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

void main();
