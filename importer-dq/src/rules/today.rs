use chrono::{Datelike, NaiveDate};
use importer_core::plugin::{Error, OptionSpec, Options};

/// The day of the run. Rules read no clock: it comes as the option `today`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Today(NaiveDate);

impl Today {
    /// What a rule that needs it declares.
    pub(super) fn option() -> OptionSpec {
        OptionSpec::text("today", "The day of the run as YYYY-MM-DD; set by the importer").required()
    }

    /// The day the options name.
    pub(super) fn of(options: &Options) -> Result<Self, Error> {
        let text = options.required("today")?;
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) if (0..=9999).contains(&date.year()) => Ok(Self(date)),
            _ => Err(Error::config("option `today` must be a date as YYYY-MM-DD").in_field("today")),
        }
    }

    pub(super) fn year(self) -> i64 {
        self.0.year().into()
    }

    /// The same day `years` ago, to be compared as text; 29 February stays one, in whatever year.
    pub(super) fn years_ago(self, years: i64) -> String {
        let year = (self.year() - years).max(0);
        format!("{year:04}-{:02}-{:02}", self.0.month(), self.0.day())
    }
}
