import { Module } from '@nestjs/common';
import { ReminderJob } from './reminder-job';
import { RemindersService } from './reminders.service';

/** Reminders by the calendar: for the service, not for the command line. The scheduler is the application's. */
@Module({ providers: [ReminderJob, RemindersService], exports: [ReminderJob, RemindersService] })
export class ReminderScheduleModule {}
