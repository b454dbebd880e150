import type { PythonSession } from "./session.ts";

/** `struct tm` of musl, wasm32: nine ints, the offset from UTC, and the zone's name, which the C library fills in. */
const TM_BYTES = 44;
const TM = { second: 0, minute: 4, hour: 8, day: 12, month: 16, year: 20, weekday: 24, yearday: 28, isDst: 32, offset: 36 } as const;
const DAY_SECONDS = 86_400;
const UTC_NAME = Uint8Array.of(0x55, 0x54, 0x43, 0);

/** Writes a time as UTC. Local time is the same: no guest learns where its host stands. */
export function gmtime(session: PythonSession, time: bigint, out: number): undefined {
  const view = session.memory.view(out, TM_BYTES);
  if (view) writeTime(view, Number(time));
}

/** Reads a broken-down time as UTC, puts its fields into their ranges, and returns seconds since the Unix epoch. */
export function timegm(session: PythonSession, address: number): bigint {
  const view = session.memory.view(address, TM_BYTES);
  if (!view) return -1n;
  const field = (at: number) => view.getInt32(at, true);
  const days = daysBeforeMonth(field(TM.year) + 1900, field(TM.month)) + field(TM.day) - 1;
  const time = days * DAY_SECONDS + field(TM.hour) * 3600 + field(TM.minute) * 60 + field(TM.second);
  writeTime(view, time);
  return BigInt(time);
}

/** `timezone`, `daylight` and both names. The buffers for names hold 17 bytes each (`TZNAME_MAX` and NUL). */
export function tzset(session: PythonSession, timezone: number, daylight: number, standardName: number, daylightName: number): undefined {
  session.memory.view(timezone, 4)?.setInt32(0, 0, true);
  session.memory.view(daylight, 4)?.setInt32(0, 0, true);
  session.memory.bytes(standardName, UTC_NAME.length)?.set(UTC_NAME);
  session.memory.bytes(daylightName, UTC_NAME.length)?.set(UTC_NAME);
}

function writeTime(view: DataView, time: number): void {
  const days = Math.floor(time / DAY_SECONDS);
  const second = time - days * DAY_SECONDS;
  const { year, month, day } = civil(days);
  view.setInt32(TM.second, second % 60, true);
  view.setInt32(TM.minute, Math.floor(second / 60) % 60, true);
  view.setInt32(TM.hour, Math.floor(second / 3600), true);
  view.setInt32(TM.day, day, true);
  view.setInt32(TM.month, month, true);
  view.setInt32(TM.year, year - 1900, true);
  view.setInt32(TM.weekday, (((days + 4) % 7) + 7) % 7, true); // the epoch was a Thursday
  view.setInt32(TM.yearday, days - daysBeforeMonth(year, 0), true);
  view.setInt32(TM.isDst, 0, true);
  view.setInt32(TM.offset, 0, true);
}

/** Days from the epoch to the first of a month of the proleptic Gregorian calendar. `month` counts from 0 and may be any number. */
function daysBeforeMonth(year: number, month: number): number {
  // Counted in years that begin in March, so that the leap day is the last, and in eras of 400 years, which are all alike.
  const months = year * 12 + month - 2;
  const marchYear = Math.floor(months / 12);
  const marchMonth = months - marchYear * 12;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5);
  return era * ERA_DAYS + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - EPOCH_DAY;
}

const ERA_DAYS = 146_097; // days of 400 years
const EPOCH_DAY = 719_468; // from the 1st of March of year 0 to the 1st of January 1970

function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + EPOCH_DAY;
  const era = Math.floor(shifted / ERA_DAYS);
  const dayOfEra = shifted - era * ERA_DAYS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = (marchMonth + 2) % 12;
  return { year: yearOfEra + era * 400 + (month < 2 ? 1 : 0), month, day };
}
