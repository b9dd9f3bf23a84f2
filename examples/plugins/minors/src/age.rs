use importer_plugin::{Error, OptionSpec, Options, check_options};

/// Until when one is a minor. Rules read no clock: the host gives the day of the run as the option `today`.
#[derive(Debug, Default, Clone)]
pub(crate) struct OfAge {
    /// Who was born after this day is a minor; dates as `YYYY-MM-DD` compare as text.
    born_after: String,
}

impl OfAge {
    pub(crate) fn options() -> Vec<OptionSpec> {
        vec![
            OptionSpec::text("today", "The day of the run, as YYYY-MM-DD; the importer gives it").required(),
            OptionSpec::integer("age", "From which age on one is no minor").between(1, 25).default_value(18),
        ]
    }

    pub(crate) fn read(specs: &[OptionSpec], options: &Options) -> Result<Self, Error> {
        check_options(specs, options)?;
        let today = options.required("today")?;
        let age = options.number("age")?.unwrap_or(18);
        let year = is_date(today)
            .then(|| today[..4].parse::<i64>().ok())
            .flatten()
            .ok_or_else(|| Error::config("option `today` must be a date as YYYY-MM-DD").in_field("today"))?;
        Ok(Self { born_after: format!("{:04}{}", (year - age).max(0), &today[4..]) })
    }

    /// Whether a date of birth is that of a minor; nothing when it is no date.
    pub(crate) fn is_minor(&self, birth: &str) -> Option<bool> {
        is_date(birth).then(|| birth > self.born_after.as_str())
    }
}

fn is_date(text: &str) -> bool {
    let form =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_of_age_on_a_birthday() {
        let options = Options::default().with("today", "2025-06-01");
        let of_age = OfAge::read(&OfAge::options(), &options).unwrap();
        assert_eq!(of_age.is_minor("2007-06-01"), Some(false));
        assert_eq!(of_age.is_minor("2007-06-02"), Some(true));
        assert_eq!(of_age.is_minor("June 2007"), None);
    }

    #[test]
    fn a_day_that_is_none_is_refused() {
        for today in ["", "yesterday", "2025-6-1", "2025/06/01"] {
            let error = OfAge::read(&OfAge::options(), &Options::default().with("today", today)).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("today"), "{today}");
        }
    }
}
