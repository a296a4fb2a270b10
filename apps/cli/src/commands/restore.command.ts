import { Command } from 'nest-commander';
import { CommandGroup } from './cli-command';
import { RestoreDrill } from './restore-drill.command';

@Command({ name: 'restore', description: 'Restores, and drills of them', subCommands: [RestoreDrill] })
export class RestoreCommand extends CommandGroup {}
