use std::collections::HashMap;

use importer_core::plugin::{
    Batch, Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow,
    Severity, check_options,
};
use serde_json::Value;

const COLUMNS: &[&str] = &["email_normalized", "alt_emails"];

/// Listed, but not disposable: forwarding services whose addresses last as long as the person wants, and the domain of
/// everybody's examples.
const NOT_DISPOSABLE: &[&str] =
    &["addy.io", "anonaddy.com", "duck.com", "example.com", "mozmail.com", "passmail.net", "simplelogin.com"];
/// Nobody registers a throw-away domain here; what the list has of them is invented or was broken into once.
const RESTRICTED: &[&str] = &["edu", "gov", "mil"];

/// `DOM-203`: addresses that will still work next month.
///
/// ```
/// use importer_core::plugin::{Host, Options, Rule};
/// use importer_dq::rules::DisposableEmail;
/// let options = Options::from_json(r#"{"also": ["throwaway.example.org"], "except": ["yopmail.com"]}"#)?;
/// DisposableEmail::default().configure(&options, &Host::detached())?;
/// # Ok::<(), importer_core::plugin::Error>(())
/// ```
#[derive(Debug, Default, Clone)]
pub struct DisposableEmail {
    also: Vec<String>,
    except: Vec<String>,
}

impl Rule for DisposableEmail {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "Domains of throw-away mailboxes, from a list of about 77,000. Such an address works for minutes and is often \
                  shared by strangers, so it neither reaches nor identifies anybody. The options `also` and `except` add \
                  and remove domains together with their subdomains. Forwarding services such as duck.com are not reported."
                .into(),
            hint: "Ask for a lasting address; put a domain that is listed wrongly into the option `except`.".into(),
            severity: Severity::Warning,
            options: vec![
                OptionSpec::list("also", "Further domains of disposable mailboxes"),
                OptionSpec::list("except", "Domains that are listed wrongly"),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("email_normalized", "ana@gmail.com")]),
                RuleExample::accepted(&[("email_normalized", "ana@example.org")]),
                RuleExample::reported(&[("email_normalized", "ana@mailinator.com")]),
                RuleExample::reported(&[("alt_emails", "ana@example.org\nana@10minutemail.com")]),
            ],
            ..RuleMeta::new("DOM-203", Category::Domain, "An email address is not a disposable one.", COLUMNS)
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        self.also = domains(options, "also")?;
        self.except = domains(options, "except")?;
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        self.check_row(row, findings, |domain| self.is_disposable(domain));
    }

    fn check_batch(&self, batch: &Batch, columns: &[usize], findings: &mut Findings) -> Result<(), Error> {
        // A batch has few domains, and remembering one is several times cheaper than looking it up in the list.
        let mut seen: HashMap<&str, bool> = HashMap::new();
        for row in 0..batch.rows() {
            findings.at(row);
            self.check_row(&RuleRow::through(batch.row(row), columns), findings, |domain| {
                *seen.entry(domain).or_insert_with(|| self.is_disposable(domain))
            });
        }
        Ok(())
    }
}

impl DisposableEmail {
    fn check_row<'a>(
        &self,
        row: &RuleRow<'a>,
        findings: &mut Findings,
        mut is_disposable: impl FnMut(&'a str) -> bool,
    ) {
        if let Some(email) = row.get(0)
            && let Some(domain) = domain(email)
            && is_disposable(domain)
        {
            findings.report("email_normalized", "The address is of a service for disposable mailboxes.");
        }
        if let Some(emails) = row.get(1)
            && emails.split('\n').filter_map(domain).any(is_disposable)
        {
            findings.report("alt_emails", "One of the addresses is of a service for disposable mailboxes.");
        }
    }

    fn is_disposable(&self, domain: &str) -> bool {
        if within(domain, &self.except) {
            return false;
        }
        within(domain, &self.also)
            || disposable_emails::is_disposable_domain(domain)
                && !NOT_DISPOSABLE.contains(&domain)
                && !domain.rsplit_once('.').is_some_and(|(_, top)| RESTRICTED.contains(&top))
    }
}

fn domain(email: &str) -> Option<&str> {
    // Domains are short: looking from the end finds the @ soonest, and bytes are cheaper than characters.
    let at = email.as_bytes().iter().rposition(|&b| b == b'@')?;
    email.get(at + 1..)
}

/// True when `domain` is one of `domains` or below one.
fn within(domain: &str, domains: &[String]) -> bool {
    domains
        .iter()
        .any(|d| domain.strip_suffix(d.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn domains(options: &Options, name: &str) -> Result<Vec<String>, Error> {
    let wrong = || {
        Error::config(format!("option `{name}` must be a list of domains, such as [mail.example.org]"))
            .in_field(name)
    };
    let Some(value) = options.get(name) else { return Ok(Vec::new()) };
    let list = value.as_array().ok_or_else(wrong)?;
    list.iter()
        .map(|domain| match domain {
            Value::String(domain) if domain.contains('.') && !domain.contains(['@', ' ', '*']) => {
                Ok(domain.trim_matches('.').to_ascii_lowercase())
            }
            _ => Err(wrong()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{configured, found};
    use super::*;

    fn reported(rule: &DisposableEmail, email: &str) -> bool {
        !found(rule, &[("email_normalized", email)]).is_empty()
    }

    #[test]
    fn known_services_are_reported() {
        let rule = DisposableEmail::default();
        for domain in ["mailinator.com", "guerrillamail.com", "10minutemail.com"] {
            assert!(reported(&rule, &format!("ana@{domain}")), "{domain}");
        }
    }

    #[test]
    fn lasting_addresses_are_not() {
        let rule = DisposableEmail::default();
        for domain in [
            "gmail.com",
            "yahoo.com",
            "hotmail.com",
            "outlook.com",
            "aol.com",
            "icloud.com",
            "comcast.net",
            "att.net",
            "sbcglobal.net",
            "umkc.edu",
            "kcpublicschools.org",
            "example.org",
            "burnsmcd.com",
            "cerner.com",
            "garmin.com",
            "sub.mail.example.co.uk",
            "duck.com",
            "mozmail.com",
            "privaterelay.appleid.com",
            "example.com",
            "army.gov",
            "proton.me",
            "qq.com",
            "gmx.de",
        ] {
            assert!(!reported(&rule, &format!("ana@{domain}")), "{domain}");
        }
    }

    #[test]
    fn the_suite_adds_and_removes() {
        let rule = configured(
            DisposableEmail::default(),
            r#"{"also": ["Gone.example.org"], "except": ["mailinator.com"]}"#,
        );
        assert!(reported(&rule, "a@gone.example.org"));
        assert!(reported(&rule, "a@x.gone.example.org"));
        assert!(!reported(&rule, "a@begone.example.org"));
        assert!(!reported(&rule, "a@mailinator.com"));
        assert!(reported(&rule, "a@guerrillamail.com"));
    }

    #[test]
    fn lists_are_checked() {
        for options in
            [r#"{"also": "x.org"}"#, r#"{"also": ["a@x.org"]}"#, r#"{"except": [1]}"#, r#"{"als": []}"#]
        {
            let options = Options::from_json(options).unwrap();
            assert!(DisposableEmail::default().configure(&options, &Host::detached()).is_err());
        }
    }

    #[test]
    fn the_list_is_the_one_we_know() {
        assert!(disposable_emails::domain_count() > 70_000);
    }
}
