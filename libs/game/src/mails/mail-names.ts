/** The kinds of letters of the contest, as they stand in the queue. */
export const PRIZE_WON_MAIL = 'prize-won';
export const PRIZE_HANDED_OVER_MAIL = 'prize-handed-over';
export const PRIZE_REMINDER_MAIL = 'prize-reminder';
