//! Dates and times of day, from counts of milliseconds: the chat has no clock.

/// A local date and time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// Minutes since midnight.
    pub(crate) minute: u16,
}

impl Moment {
    pub(crate) fn local(unix_ms: u64, zone: &crate::Zone) -> Self {
        let minutes = (unix_ms / 60_000) as i64 + i64::from(zone.offset_minutes(unix_ms));
        Self { day: minutes.div_euclid(1440), minute: minutes.rem_euclid(1440) as u16 }
    }

    /// Year, month and day in the Gregorian calendar. Counts in years that begin in March, so that
    /// the leap day is the last of its year, and in eras of 400 years, which are all alike.
    pub(crate) fn date(self) -> (i64, i64, i64) {
        let day = self.day + 719_468; // since 0000-03-01
        let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153; // 0 is March
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year_of_era + i64::from(month <= 2), month, day)
    }
}

/// A moment as IRCv3's `server-time` writes it: `2026-11-21T14:02:00.123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    /// Its text. Digit by digit: it stands before every line that an IRC client is sent.
    pub(crate) fn text(self) -> [u8; 24] {
        let day = Moment { day: (self.0 / 86_400_000) as i64, minute: 0 };
        let (year, month, date) = day.date();
        let ms = self.0 % 86_400_000;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |at: usize, digits: usize, mut value: u64| {
            for place in (at..at + digits).rev() {
                text[place] = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        put(0, 4, year as u64);
        put(5, 2, month as u64);
        put(8, 2, date as u64);
        put(11, 2, ms / 3_600_000);
        put(14, 2, ms / 60_000 % 60);
        put(17, 2, ms / 1000 % 60);
        put(20, 3, ms % 1000);
        text
    }

    /// The moment that a `server-time` text names.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
        let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
        let in_range = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second);
        if !in_range || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let ms = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
        let day = days_since_1970(year, month, day);
        let seconds = day * 86_400 + hour * 3600 + minute * 60 + second;
        u64::try_from(seconds * 1000 + ms).ok().map(Self)
    }
}

/// The inverse of [`Moment::date`].
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = if month <= 2 { month + 9 } else { month - 3 };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        let date = |day| Moment { day, minute: 0 }.date();
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(-1), (1969, 12, 31));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(11_017), (2000, 3, 1));
        assert_eq!(date(20_778), (2026, 11, 21));
        // Each day is the day after the one before, over 800 years.
        let mut before = date(0);
        for day in 1..292_000 {
            let (y, m, d) = date(day);
            let next_day = (y, m, d) == (before.0, before.1, before.2 + 1);
            let next_month = d == 1 && (y, m) == (before.0, before.1 + 1) && before.2 >= 28;
            let next_year =
                (m, d) == (1, 1) && y == before.0 + 1 && (before.1, before.2) == (12, 31);
            assert!(next_day || next_month || next_year, "{before:?} {:?}", (y, m, d));
            before = (y, m, d);
        }
    }

    #[test]
    fn timestamps_are_written_and_read() {
        for (ms, text) in [
            (1_795_269_780_123, "2026-11-21T14:03:00.123Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp(ms).text(), text.as_bytes());
            assert_eq!(Timestamp::parse(text).map(|time| time.0), Some(ms));
        }
        assert_eq!(Timestamp::parse("2026-11-21T14:03:00Z").unwrap().0, 1_795_269_780_000);
        for wrong in ["", "2026", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "x-1-1T0:0:0Z"] {
            assert!(Timestamp::parse(wrong).is_none(), "{wrong}");
        }
        for day in (0..30_000).step_by(7) {
            let (year, month, date) = Moment { day, minute: 0 }.date();
            assert_eq!(days_since_1970(year, month, date), day);
        }
    }
}
