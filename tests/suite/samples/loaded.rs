//! Samples loaded from their files.

use importer_plugin::{Batch, Host, Options, SetFindings, Severity};
use importer_plugin_host::{Discovery, PluginSet, TrustPolicy};

use super::built::sample;
use crate::cli::Desk;
use crate::support;

#[test]
fn vcards_are_imported_through_the_command_line() {
    let library = sample("vcard");
    let desk = Desk::new();
    let people = support::root().join("examples/plugins/vcard/data/people.vcf");
    let run = ["run", "--source", "vcard", "--file", people.to_str().unwrap(), "--summary-json"];
    let plugin = ["--plugin", library.to_str().unwrap(), "--allow-unverified"];
    let ended = desk.call(run.iter().chain(&plugin));
    let counts = ended.succeeds().counts();
    assert_eq!((counts["read"], counts["inserted"], counts["quarantined"]), (3, 3, 0));
    assert_eq!(ended.json()["plugins"][0]["id"], "vcard");
    let sql = "SELECT first_name || '|' || last_name || '|' || email_normalized || '|' || phone_e164 || '|' || dob \
               || '|' || street || '|' || city || '|' || state_code || '|' || postal_code || '|' || country_code AS t \
               FROM core_volunteers WHERE email_normalized = 'ada@example.org'";
    assert_eq!(
        desk.db.texts(sql),
        ["Ada|Lovelace|ada@example.org|+18162345678|1985-04-23|1200 Main St, Apt 4|Kansas City|MO|64105|US"]
    );
    assert_eq!(desk.db.number("SELECT COUNT(*) AS t FROM external_id_map"), 3);
    let again = desk.call(run.iter().chain(&plugin));
    assert_eq!(again.succeeds().counts()["unchanged"], 3);
}

#[test]
fn a_rule_of_a_plugin_holds_a_row_back_or_warns_about_it() {
    let library = sample("minors");
    for (mode, quarantined) in [("enforce", 1), ("warn", 0)] {
        let desk = Desk::new();
        desk.file(
            "people.csv",
            "id,first name,last name,email,date of birth,notes\n\
             1,Ada,Lovelace,ada@example.org,1985-04-23,\n\
             2,Allegra,Byron,allegra@example.org,2024-04-23,\n\
             3,Medora,Leigh,medora@example.org,2024-04-24,Guardian: 816-234-5678\n",
        );
        let suite = format!(
            "suite: minors\nversion: 1\nrules:\n  DOM-201: {{ enabled: false }}\n  XFLD-901: {{ mode: {mode}, options: {{ age: 16 }} }}\n"
        );
        desk.file("suite.yaml", suite);
        let plugin = ["--suite", "suite.yaml", "--plugin", library.to_str().unwrap(), "--allow-unverified"];
        let counts = desk.summary("people.csv", &plugin).succeeds().counts();
        assert_eq!((counts["read"], counts["quarantined"]), (3, quarantined), "{mode}");
        let sql = "SELECT rule_code || ' ' || severity AS t FROM dq_violations";
        let severity = if mode == "warn" { "warning" } else { "error" };
        assert_eq!(desk.db.texts(sql), [format!("XFLD-901 {severity}")]);
    }
}

#[test]
fn a_set_level_rule_and_a_feature_answer_from_their_files() {
    let discovery = Discovery::new(TrustPolicy::allow_everything());
    let plugins = PluginSet::new(discovery.file(sample("minors")).file(sample("soundex")));
    plugins.load_given_files().unwrap();
    let origins = plugins.origins();

    let mut rule = origins.iter().flat_map(importer_plugin_host::Origin::set_rules).next().unwrap();
    rule.configure(&Options::default().with("today", "2025-06-01"), &Host::detached()).unwrap();
    let mut births = Batch::new(1);
    births.push_row([Some("2024-01-01")]).unwrap();
    rule.observe(&births).unwrap();
    let mut findings = SetFindings::new("SET-901", Severity::Warning);
    rule.finish(&mut findings).unwrap();
    let found = findings.take();
    assert_eq!((found.len(), found[0].row, found[0].code.as_str()), (1, None, "SET-901"));

    let mut feature = origins.iter().flat_map(importer_plugin_host::Origin::features).next().unwrap();
    feature.configure(&Options::default(), &Host::detached()).unwrap();
    let (mut left, mut right) = (Batch::new(1), Batch::new(1));
    for (one, other) in
        [("Meyer", Some("MEYER")), ("Meyer", Some("Maier")), ("Meyer", Some("Byron")), ("Meyer", None)]
    {
        left.push_row([Some(one)]).unwrap();
        right.push_row([other]).unwrap();
    }
    let mut levels = Vec::new();
    feature.compare_batch(&left, &right, &mut levels).unwrap();
    assert_eq!(levels, [Some(0), Some(1), Some(2), None]);
}
