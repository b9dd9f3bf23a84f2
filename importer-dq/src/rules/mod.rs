//! The built-in rules, one per file: what it demands, why, what to do, examples both ways.
//!
//! A rule sees normalised rows: column `<field>` holds the normal form, missing when the cell was blank or has none, and
//! `<field>.original` what the source said. A format rule therefore fires exactly where the second is there and the first
//! is not.

mod background_check;
mod birth_date;
mod consent_signed;
mod contact_required;
mod date_format;
mod disposable_email;
mod email_coverage;
mod email_format;
mod graduation_year;
mod id_length;
mod name_required;
mod nobodys_contact;
mod phone_format;
mod reading;
mod state_format;
#[cfg(test)]
pub(crate) mod testing;
mod today;
mod value_format;

use std::sync::Arc;

use importer_core::plugin::{Plugin, PluginMeta, Rule, RuleMeta};

pub use background_check::BackgroundCheck;
pub use birth_date::BirthDate;
pub use consent_signed::ConsentSigned;
pub use contact_required::ContactRequired;
pub use date_format::DateFormat;
pub use disposable_email::DisposableEmail;
pub use email_coverage::EmailCoverage;
pub use email_format::EmailFormat;
pub use graduation_year::GraduationYear;
pub use id_length::IdLength;
pub use name_required::NameRequired;
pub use nobodys_contact::NobodysContact;
pub use phone_format::PhoneFormat;
pub use state_format::StateFormat;
pub use value_format::ValueFormat;

use crate::MailDomains;

/// The built-in rules in the form of a plugin, for hosts that list what is there.
///
/// ```
/// assert!(importer_dq::plugin().find_rule("REQ-001").is_some());
/// ```
pub fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("dq", env!("CARGO_PKG_VERSION")))
        .rule(|| Box::new(ContactRequired))
        .rule(|| Box::new(NameRequired))
        .rule(|| Box::new(EmailFormat::default()))
        .rule(|| Box::new(PhoneFormat::default()))
        .rule(|| Box::new(DateFormat))
        .rule(|| Box::new(StateFormat::default()))
        .rule(|| Box::new(ValueFormat))
        .rule(|| Box::new(IdLength))
        .rule(|| Box::new(BirthDate::default()))
        .rule(|| Box::new(GraduationYear::default()))
        .rule(|| Box::new(DisposableEmail::default()))
        .rule(|| Box::new(NobodysContact))
        .rule(|| Box::new(ConsentSigned))
        .rule(|| Box::new(BackgroundCheck::default()))
        .set_rule(|| Box::new(EmailCoverage::default()))
}

/// What the built-in rules say of themselves.
///
/// ```
/// let rules = importer_dq::catalogue();
/// assert!(rules.iter().any(|rule| rule.code == "FMT-101" && !rule.hint.is_empty()));
/// ```
pub fn catalogue() -> Vec<RuleMeta> {
    plugin().rules().iter().map(|rule| rule.meta()).collect()
}

/// What the built-in set-level rules say of themselves.
///
/// ```
/// assert!(importer_dq::set_catalogue().iter().any(|rule| rule.code == "SET-502"));
/// ```
pub fn set_catalogue() -> Vec<RuleMeta> {
    plugin().set_rules().iter().map(|rule| rule.meta()).collect()
}

/// Fresh built-in rules, with somebody who knows which domains take mail where there is one.
pub(crate) fn built_in(domains: Option<Arc<dyn MailDomains>>) -> Vec<Box<dyn Rule>> {
    let mut rules = plugin().rules();
    if let Some(domains) = domains {
        let email = EmailFormat::with_mail_domains(domains);
        let code = email.meta().code;
        for rule in rules.iter_mut().filter(|rule| rule.meta().code == code) {
            *rule = Box::new(email.clone());
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use importer_core::contracts::VOLUNTEER;
    use importer_core::plugin::{Host, Options};

    use super::testing::{TODAY, check};
    use super::*;

    fn ready() -> Vec<Box<dyn Rule>> {
        let mut rules = plugin().rules();
        for rule in &mut rules {
            let with_today = Options::default().with("today", TODAY);
            rule.configure(&with_today, &Host::detached())
                .or_else(|_| rule.configure(&Options::default(), &Host::detached()))
                .unwrap();
        }
        rules
    }

    #[test]
    fn every_example_holds() {
        for rule in ready() {
            let meta = rule.meta();
            for example in &meta.examples {
                let cells: Vec<(&str, &str)> =
                    example.cells.iter().map(|(c, v)| (c.as_ref(), v.as_ref())).collect();
                let found = check(rule.as_ref(), &cells);
                assert_eq!(!found.is_empty(), example.reported, "{}: {cells:?} {found:?}", meta.code);
                for finding in found {
                    assert!(finding.message.ends_with('.'), "{}: {}", meta.code, finding.message);
                    assert!(finding.column.is_empty() || meta.columns.iter().any(|c| *c == finding.column));
                    for (column, value) in &cells {
                        let repeated = value.len() > 2 && finding.message.contains(value);
                        assert!(!repeated, "{}: the message repeats `{column}`", meta.code);
                    }
                }
            }
        }
    }

    /// What a rule that knows no such option says about a name.
    fn unknown(name: &str, configured: Result<(), importer_core::plugin::Error>) -> bool {
        configured.is_err_and(|error| error.message.contains(&format!("option `{name}` is not known")))
    }

    #[test]
    fn declared_options_are_the_accepted_ones() {
        let host = Host::detached();
        let every: HashSet<String> = (catalogue().into_iter().chain(set_catalogue()))
            .flat_map(|meta| meta.options.into_iter().map(|spec| spec.name))
            .chain(["colour".to_owned()])
            .collect();
        for name in &every {
            let given = Options::default().with(name.as_str(), "1");
            let rules = plugin().rules().into_iter().map(|mut r| (r.meta(), r.configure(&given, &host)));
            let sets = plugin().set_rules().into_iter().map(|mut r| (r.meta(), r.configure(&given, &host)));
            for (meta, configured) in rules.chain(sets) {
                let declared = meta.options.iter().any(|spec| spec.name == *name);
                assert_eq!(!unknown(name, configured), declared, "{} {name}", meta.code);
            }
        }
    }

    #[test]
    fn declared_defaults_are_accepted() {
        for mut rule in plugin().rules() {
            let mut options = Options::default();
            for spec in rule.meta().options {
                match spec.default {
                    Some(default) => options.set(spec.name, default),
                    None if spec.required => options.set(spec.name, TODAY),
                    None => {}
                }
            }
            let configured = rule.configure(&options, &Host::detached());
            assert!(configured.is_ok(), "{}: {configured:?}", rule.meta().code);
        }
    }

    #[test]
    fn every_rule_explains_itself() {
        let mut codes = HashSet::new();
        for meta in catalogue() {
            let code = meta.code.clone();
            assert!(codes.insert(code.clone()), "{code} is there twice");
            for text in [&meta.title, &meta.doc, &meta.hint] {
                assert!(text.ends_with('.'), "{code}: {text}");
            }
            assert!(!meta.owner.is_empty(), "{code}");
            assert!(meta.examples.iter().any(|e| e.reported), "{code} has no reported example");
            assert!(meta.examples.iter().any(|e| !e.reported), "{code} has no accepted example");
            let family = match meta.category {
                importer_core::plugin::Category::Required => "REQ-",
                importer_core::plugin::Category::Format => "FMT-",
                importer_core::plugin::Category::Domain => "DOM-",
                _ => "XFLD-",
            };
            assert!(code.starts_with(family), "{code}");
        }
    }

    #[test]
    fn every_column_is_a_field_of_the_contract() {
        for meta in catalogue() {
            for column in &meta.columns {
                let field = column.strip_suffix(".original").unwrap_or(column);
                assert!(VOLUNTEER.field(field).is_some(), "{}: {column}", meta.code);
            }
            for code in &meta.yields_to {
                assert!(catalogue().iter().any(|m| m.code == *code), "{} yields to {code}", meta.code);
            }
        }
    }
}
