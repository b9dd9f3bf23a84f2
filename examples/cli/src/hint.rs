//! What the command line can say about an error beside what the library says: which command or option helps.

use importer::{Error, ErrorKind};

/// The command or option that helps, if there is one.
pub(crate) fn hint(error: &Error) -> Option<String> {
    let place = |name: &str| error.places().find(|(known, _)| *known == name).map(|(_, value)| value);
    let run = place("run").unwrap_or("RUN");
    Some(match error.code() {
        "run_not_found" => "`runs` lists them".into(),
        "merge_not_found" => "`merge --list` lists them".into(),
        "suggestion_not_found" => "`suggestions` lists them".into(),
        "pair_rejected" => "`--although-rejected` merges them nevertheless".into(),
        "rollback_unfinished" => format!("`rollback {run}` finishes it"),
        "only_kept_values_left" => format!("`rollback {run} --list --outcome kept` lists them"),
        "scan_at_work" => "`scan --preview` does not need to wait".into(),
        "model_not_trained_here" => "`train` trains one".into(),
        "policy_unreadable" => "`template policy` prints the shipped one".into(),
        "columns_unknown" => "`--map COLUMN=FIELD` maps a column".into(),
        "record_ids_unknown" => "`--map COLUMN=record_id` names the column with the ids".into(),
        _ if error.kind() == ErrorKind::Plugin => return of_plugins(&error.to_string()),
        _ => return None,
    })
}

/// A search for a plugin tells of every file that was refused, each for its own reason.
fn of_plugins(text: &str) -> Option<String> {
    if text.contains("allow-list") {
        let allow = "`plugins allow FILE --allow-list LIST`, then --allow-list LIST; or --allow-unverified";
        return Some(format!("to allow it: {allow}"));
    }
    text.contains("it has been held back since").then(|| "`plugins release ID` releases it".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_with_a_code_has_a_hint_with_its_run() {
        let error = Error::new(ErrorKind::Busy, "import", "a rollback is unfinished").at("run", 7);
        assert_eq!(hint(&error), None);
        assert_eq!(hint(&error.coded("rollback_unfinished")).as_deref(), Some("`rollback 7` finishes it"));
    }
}
