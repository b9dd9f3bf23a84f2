use importer_plugin::{AdapterMeta, Category, Error, ErrorKind, FeatureMeta, OpenRequest, Options, RuleMeta};

use crate::case::{Area, Case, CaseResult, fail, skip};
use crate::listener::Listener;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "unknown-name",
    area: Area::Plugin,
    demands: "Asked for an adapter, rule or match feature that it does not bring, the plugin refuses with an error of the kind `config`.",
    why: "A mapping or a suite may name what another version of the plugin had; anything but a refusal would run something else.",
    advice: "leave the answer to `export!`",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let plugin = subject.loaded()?;
    let host = Listener::new(&subject.settings.secrets).host();
    let none = Options::default();
    let rule = RuleMeta::new("NO-000", Category::Domain, "", &["id"]);
    let mut answers: Vec<(&str, Result<(), Error>)> = Vec::new();
    if let Some(adapter) = plugin.adapter_as(&AdapterMeta::new("no-such-adapter", "")) {
        answers.push(("adapter", adapter.open(&OpenRequest::default(), &host).map(drop)));
    }
    if let Some(mut rule) = plugin.rule_as(&rule) {
        answers.push(("rule", rule.configure(&none, &host)));
    }
    if let Some(mut rule) = plugin.set_rule_as(&rule) {
        answers.push(("set-level rule", rule.configure(&none, &host)));
    }
    let feature = FeatureMeta::new("no_such_feature", "", &["id"], &["equal"]);
    if let Some(mut feature) = plugin.feature_as(&feature) {
        answers.push(("match feature", feature.configure(&none, &host)));
    }
    if answers.is_empty() {
        return skip("the plugin brings nothing that could be asked for");
    }
    answers.into_iter().try_for_each(|(what, answer)| match answer {
        Ok(()) => fail(format!("it made the {what} of an unknown name")),
        Err(error) if error.kind == ErrorKind::Config && !error.message.contains("panicked") => Ok(()),
        Err(error) => fail(format!("the {what} of an unknown name is refused as {:?}", error.kind)),
    })
}
