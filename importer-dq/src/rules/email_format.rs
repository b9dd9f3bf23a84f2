use std::fmt;
use std::sync::Arc;

use importer_core::normalise;
use importer_core::plugin::{
    Batch, Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow,
    Severity, check_options,
};

use super::reading::{ListReader, unreadable, why};
use crate::MailDomains;

const COLUMNS: &[&str] =
    &["email_normalized", "email_normalized.original", "alt_emails", "alt_emails.original"];

/// How addresses stand in a cell.
pub(super) const ADDRESSES: ListReader = ListReader {
    hard: &['\n', ';', ','],
    soft: |c| matches!(c, '|' | '/') || c.is_whitespace(),
    resembles: |c| c == '@',
};

/// `FMT-101`: email addresses that are ones, and on request domains that take mail.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::EmailFormat;
/// assert_eq!(EmailFormat::default().meta().code, "FMT-101");
/// ```
#[derive(Default, Clone)]
pub struct EmailFormat {
    /// Who knows which domains take mail; it does the I/O that a rule must not do.
    known: Option<Arc<dyn MailDomains>>,
    /// The same, if the suite asks for it.
    asked: Option<Arc<dyn MailDomains>>,
}

impl fmt::Debug for EmailFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailFormat").field("mx", &self.asked.is_some()).finish_non_exhaustive()
    }
}

impl EmailFormat {
    /// The rule with somebody to ask when its option `mx` is on.
    pub fn with_mail_domains(domains: Arc<dyn MailDomains>) -> Self {
        Self { known: Some(domains), asked: None }
    }
}

impl Rule for EmailFormat {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "The address must have a normal form: one local part, one @, a domain under a top-level domain, small \
                  letters. A bad further address (`alt_emails`) is a warning: it is left out, the row goes in. With the \
                  option `mx: true` (off by default) the domain must take mail, else it is a warning, too; a name server \
                  that does not answer is no reason for one."
                .into(),
            hint: "Correct the address in the source; the quarantine inbox suggests what was probably meant. One cell \
                   holds one address, further ones belong in `alt_emails`."
                .into(),
            options: vec![
                OptionSpec::flag("mx", "Asks name servers whether the domain takes mail").default_value(false),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[
                    ("email_normalized", "ana@example.org"),
                    ("email_normalized.original", " Ana@Example.org"),
                ]),
                RuleExample::reported(&[("email_normalized.original", "ana@")]),
                RuleExample::reported(&[("email_normalized.original", "n/a")]),
                RuleExample::reported(&[
                    ("alt_emails", "ana@example.org"),
                    ("alt_emails.original", "ana@example.org\nana@localhost"),
                ]),
            ],
            auto_fix: true,
            ..RuleMeta::new("FMT-101", Category::Format, "An email address is well-formed.", COLUMNS)
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        self.asked = match (options.flag("mx")?, &self.known) {
            (Some(true), None) => {
                return Err(Error::config(
                    "option `mx` needs somebody who knows which domains take mail; hand one to the suite, such as the one \
                     of the feature `mx`",
                )
                .in_field("mx"));
            }
            (Some(true), known) => known.clone(),
            _ => None,
        };
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if let Some(given) = unreadable(row, 0)
            && let Some(reason) = why(|out| normalise::email(given, out), "This address could not be read.")
        {
            findings.report("email_normalized", reason);
        }
        if let Some(given) = row.get(3) {
            for (at, all, reason) in ADDRESSES.bad_entries(row.get(2), given, normalise::email) {
                let message = format!("Address {at} of {all}: {reason}");
                findings.report_as(Severity::Warning, "alt_emails", message);
            }
        }
        if let Some(domains) = &self.asked {
            check_domains(row, domains.as_ref(), findings);
        }
    }

    fn check_batch(&self, batch: &Batch, columns: &[usize], findings: &mut Findings) -> Result<(), Error> {
        let rows = || (0..batch.rows()).map(|row| RuleRow::through(batch.row(row), columns));
        if let Some(asked) = &self.asked {
            // All domains of a batch at once: one round trip to the name server instead of one for each row.
            let mut domains: Vec<&str> = rows().flat_map(|row| addresses(&row)).map(|(_, d)| d).collect();
            domains.sort_unstable();
            domains.dedup();
            asked.prepare(&domains);
        }
        for (at, row) in rows().enumerate() {
            findings.at(at);
            self.check(&row, findings);
        }
        Ok(())
    }
}

/// The domains of a row's readable addresses, with their columns.
fn addresses<'a>(row: &RuleRow<'a>) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
    let primary = row.get(0).map(|address| ("email_normalized", address));
    let further = row.get(2).unwrap_or_default().split('\n').map(|address| ("alt_emails", address));
    primary
        .into_iter()
        .chain(further)
        .filter_map(|(column, address)| Some((column, address.rsplit_once('@')?.1)))
}

fn check_domains(row: &RuleRow<'_>, domains: &dyn MailDomains, findings: &mut Findings) {
    for (column, domain) in addresses(row) {
        if domains.accepts_mail(domain) == Some(false) {
            findings.report_as(Severity::Warning, column, "The domain of this address takes no mail.");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::testing::{check, configured, found};
    use super::*;

    #[derive(Default)]
    struct Fake {
        prepared: Mutex<Vec<String>>,
    }

    impl MailDomains for Fake {
        fn accepts_mail(&self, domain: &str) -> Option<bool> {
            match domain {
                "silent.example.org" => None,
                "dead.example.org" => Some(false),
                _ => Some(true),
            }
        }
        fn prepare(&self, domains: &[&str]) {
            self.prepared.lock().unwrap().extend(domains.iter().map(|d| d.to_string()));
        }
    }

    #[test]
    fn the_reason_does_not_repeat_the_value() {
        let rule = EmailFormat::default();
        let found = check(&rule, &[("email_normalized.original", "ana.cruz@@example.org")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].message.contains('@') && !found[0].message.contains("ana"), "{}", found[0].message);
    }

    #[test]
    fn blank_is_not_malformed() {
        let rule = EmailFormat::default();
        for blank in ["", "  ", "\u{200B}"] {
            assert_eq!(found(&rule, &[("email_normalized.original", blank)]), []);
        }
    }

    #[test]
    fn mx_needs_somebody_to_ask() {
        let error = EmailFormat::default()
            .configure(&Options::from_json(r#"{"mx": true}"#).unwrap(), &Host::detached())
            .unwrap_err();
        assert!(error.message.contains("`mx`"), "{error}");
    }

    #[test]
    fn only_a_domain_known_to_be_dead_is_reported() {
        let fake = Arc::new(Fake::default());
        let rule = configured(EmailFormat::with_mail_domains(fake.clone()), r#"{"mx": true}"#);
        let warned = |address| !found(&rule, &[("email_normalized", address)]).is_empty();
        assert!(warned("a@dead.example.org"));
        assert!(!warned("a@silent.example.org"));
        assert!(!warned("a@example.org"));
        assert_eq!(
            found(&rule, &[("alt_emails", "a@example.org\nb@dead.example.org")]),
            [("alt_emails".into(), "warning")]
        );
        assert!(fake.prepared.lock().unwrap().contains(&"dead.example.org".to_owned()));
    }

    #[test]
    fn without_the_option_nobody_is_asked() {
        let rule = configured(EmailFormat::with_mail_domains(Arc::new(Fake::default())), "{}");
        assert_eq!(found(&rule, &[("email_normalized", "a@dead.example.org")]), []);
    }
}
