/** The page's one table of texts, with plurals, dates and names that keep their own direction. */

const DAY = 86_400_000;

export function speak(table, language) {
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const seconds = new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "narrow" });
  const listed = new Intl.ListFormat(language);
  const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
  const thisYear = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const otherYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });

  const show = (value) => (typeof value === "number" ? numbers.format(value) : `\u2068${value}\u2069`);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => show(values[name]));

  /** The text of a key; with `n`, in the form that this number takes. */
  function say(key, values = {}) {
    const entry = table[key];
    return fill(typeof entry === "string" ? entry : entry[plurals.select(values.n)] ?? entry.other, values);
  }

  return {
    say,
    /** Title and text of a state in which the chat stands still. */
    stop: (key, values) => table.stops[key].map((text) => fill(text, values)),
    /** Take in texts that come later. */
    learn: (more) => Object.assign(table, more),
    /** Why a message waits or was not sent; undefined where there are no words for it. */
    refusal: (code) => table.refused[code],
    number: (value) => numbers.format(value),
    seconds: (value) => seconds.format(value),
    list: (names) => listed.format(names),
    time: (date) => clock.format(date),
    moment: (date) => exact.format(date),
    day(date, now = new Date()) {
      const ago = Math.round((midnight(now) - midnight(date)) / DAY);
      if (ago === 0) return say("today");
      if (ago === 1) return say("yesterday");
      return (date.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(date);
    },
  };
}

const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
