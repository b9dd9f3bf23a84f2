use importer_plugin::{AdapterMeta, OptionSpec, Options, check_options};

use crate::pipeline::Secrets;
use crate::{Error, ErrorKind, Result};

/// Checks the options of whatever a plugin brings (`what`, such as ``adapter `csv` ``) against what it declares, before
/// any of its code sees them: linked and loaded plugins give the same answers.
///
/// ```
/// use importer_core::plugin::{OptionSpec, Options};
/// use importer_core::plugins::check_declared;
/// let specs = [OptionSpec::text("delimiter", "What separates cells")];
/// let given = Options::default().with("delimeter", ";");
/// let error = check_declared("csv", "adapter `csv`", &specs, &given).unwrap_err().to_string();
/// assert!(error.ends_with("(plugin: csv, option: delimeter); did you mean `delimiter`?"), "{error}");
/// ```
///
/// # Errors
/// About the first option that does not fit: it names the option and the plugin and says what is allowed.
pub fn check_declared(plugin: &str, what: &str, specs: &[OptionSpec], options: &Options) -> Result<()> {
    check_options(specs, options).map_err(|error| {
        let message = format!("{what} cannot take it: {}", error.message);
        let out = Error::new(ErrorKind::Config, "use the options", message).at("plugin", plugin);
        at_option(out, error.field, specs)
    })
}

/// The same error with the option it is about, if it is about one, and the option that was probably meant.
pub fn at_option(error: Error, option: Option<String>, specs: &[OptionSpec]) -> Error {
    let Some(option) = option else { return error };
    let near = nearest_option(&option, specs).map(|near| format!("did you mean `{near}`?"));
    let error = error.at("option", option);
    match near {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Makes sure that the host knows every secret an adapter cannot work without.
///
/// # Errors
/// Names the first secret that is missing, and where the host would have looked for it.
pub fn check_secrets(plugin: &str, adapter: &AdapterMeta, secrets: &dyn Secrets) -> Result<()> {
    let needed = adapter.options.iter().filter(|spec| spec.secret && spec.required);
    for spec in needed {
        // A secret that is blank opens nothing.
        if secrets.secret(&spec.name).is_some_and(|secret| !secret.trim().is_empty()) {
            continue;
        }
        let message = format!("the adapter `{}` needs the secret `{}`", adapter.name, spec.name);
        let hint = match secrets.place(&spec.name) {
            Some(place) => format!("give it in {place}: {}", spec.help),
            None => format!("this program gives no such secret to plugins: {}", spec.help),
        };
        return Err(Error::new(ErrorKind::Config, "open the source", message)
            .at("plugin", plugin)
            .hint(hint));
    }
    Ok(())
}

/// The option that was probably meant by a name that is none.
///
/// ```
/// use importer_core::plugin::OptionSpec;
/// use importer_core::plugins::nearest_option;
/// let specs = [OptionSpec::integer("min_age", "The youngest")];
/// assert_eq!(nearest_option("minage", &specs), Some("min_age"));
/// assert_eq!(nearest_option("colour", &specs), None);
/// ```
pub fn nearest_option<'a>(name: &str, specs: &'a [OptionSpec]) -> Option<&'a str> {
    if specs.iter().any(|spec| spec.name == name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let known = specs.iter().filter(|spec| !spec.secret).map(|spec| spec.name.as_str());
    let (changes, near) = known.map(|known| (strsim::damerau_levenshtein(&name, known), known)).min()?;
    (changes <= 2).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;

    impl Secrets for One {
        fn secret(&self, name: &str) -> Option<String> {
            (name == "token").then(|| "s3cret".into())
        }
        fn place(&self, name: &str) -> Option<String> {
            Some(format!("the safe, drawer {name}"))
        }
    }

    #[test]
    fn a_missing_secret_is_named_with_its_place() {
        let meta = AdapterMeta::new("crm", "People")
            .with_option(OptionSpec::secret("token", "The token").required())
            .with_option(OptionSpec::secret("spare", "Not needed"))
            .with_option(OptionSpec::secret("key", "The key of the account").required());
        let error = check_secrets("crm", &meta, &One).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot open the source: the adapter `crm` needs the secret `key` (plugin: crm); give it in the safe, \
             drawer key: The key of the account"
        );
    }

    #[test]
    fn far_names_are_no_suggestions() {
        let specs = [OptionSpec::text("page", "Rows"), OptionSpec::secret("token", "The token")];
        let says = |name: &str| {
            let given = Options::default().with(name, "x");
            check_declared("crm", "adapter `crm`", &specs, &given).unwrap_err().to_string()
        };
        assert!(says("Pages").contains("did you mean `page`?"), "{}", says("Pages"));
        assert!(!says("delimiter").contains("did you mean"), "{}", says("delimiter"));
        assert!(!says("toke").contains("did you mean"), "a secret is never an option: {}", says("toke"));
    }
}
