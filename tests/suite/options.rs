//! Options and secrets of plugins: checked before any code of a plugin sees them, linked and loaded alike.

use std::sync::Arc;

use importer::plugin::{
    Adapter, AdapterMeta, Category, Error, Extract, Findings, Host, LogLevel, OpenRequest, OptionSpec,
    Plugin, PluginMeta, Rule, RuleMeta, RuleRow, Source,
};
use importer::{ErrorKind, Importer, RunRequest, Secrets};

use super::cli::plugins::library;
use super::cli::{Desk, PEOPLE, ended, program};
use super::support;

const SECRET: &str = "Zzyzxsecret";

/// A source of one row that needs a token.
struct Crm;

impl Adapter for Crm {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("crm", "One person of a made-up CRM")
            .with_option(OptionSpec::integer("page", "Rows per page").between(1, 500))
            .with_option(OptionSpec::secret("api-token", "The token of the account").required())
    }
    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        assert!(request.options.number("page").unwrap().is_none_or(|page| page <= 500), "unchecked options");
        assert_eq!(host.secret("api-token").as_deref(), Some(SECRET));
        host.log(LogLevel::Info, "connected");
        Ok(Box::new(One(false)))
    }
}

struct One(bool);

impl Source for One {
    fn columns(&self) -> Vec<String> {
        ["external_id", "first_name", "last_name", "email"].map(Into::into).into()
    }
    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        if !std::mem::replace(&mut self.0, true) {
            out.push_row(1, [Some("1"), Some("Ada"), Some("Lovelace"), Some("ada@example.org")])?;
        }
        Ok(())
    }
}

struct Strict;

impl Rule for Strict {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            options: vec![OptionSpec::text("tone", "How it says it").choices(&["soft", "hard"])],
            ..RuleMeta::new("OUR-001", Category::Domain, "Nothing.", &["first_name"])
        }
    }
    fn configure(&mut self, _: &importer::plugin::Options, _: &Host) -> Result<(), Error> {
        Ok(())
    }
    fn check(&self, _: &RuleRow<'_>, _: &mut Findings) {}
}

struct Safe;

impl Secrets for Safe {
    fn secret(&self, name: &str) -> Option<String> {
        (name == "api-token").then(|| SECRET.into())
    }
}

fn importer(database: &support::Database, safe: bool, suite: &str) -> Importer {
    let crm =
        Plugin::new(PluginMeta::new("crm", "1.0.0")).adapter(|| Box::new(Crm)).rule(|| Box::new(Strict));
    let builder = Importer::builder()
        .database(&database.url)
        .plugin(crm)
        .suite(importer_dq::SuiteDocument::parse(suite).unwrap());
    if safe { builder.secrets(Arc::new(Safe)) } else { builder }.build().unwrap()
}

#[test]
fn options_of_adapters_are_checked_before_the_adapter_sees_them() {
    let database = support::sqlite();
    let importer = importer(&database, true, "suite: t");
    let says = |name: &str, value: &str| {
        let error = importer.run(&RunRequest::new("crm").option(name, value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    assert_eq!(
        says("pgae", "7"),
        "cannot use the options: the adapter `crm` cannot take it: option `pgae` is not known; the options are `page`, \
         `api-token` (plugin: crm, option: pgae); did you mean `page`?"
    );
    assert!(says("page", "501").contains("option `page` must be at most 500 (plugin: crm, option: page)"));
    assert!(says("page", "many").contains("option `page` must be a whole number"));
    assert!(says("api-token", "x").contains("is a secret"));
    assert_eq!(database.number("SELECT COUNT(*) AS t FROM import_runs"), 0, "nothing was begun");
}

#[test]
fn options_of_rules_are_checked_against_what_they_declare() {
    let database = support::sqlite();
    let suite = "suite: t\nrules:\n  OUR-001: { options: { tone: loud } }";
    let error = importer(&database, true, suite).run(&RunRequest::new("crm")).unwrap_err().to_string();
    for part in ["OUR-001", "option `tone` must be one of `soft`, `hard`", "line: 3", "plugin: crm"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_missing_secret_stops_the_run_before_it_begins() {
    let database = support::sqlite();
    let error = importer(&database, false, "suite: t").run(&RunRequest::new("crm")).unwrap_err().to_string();
    assert!(error.contains("needs the secret `api-token`") && error.contains("plugin: crm"), "{error}");
    assert_eq!(database.number("SELECT COUNT(*) AS t FROM import_runs"), 0);
}

#[test]
fn a_secret_is_stored_nowhere() {
    for database in support::databases() {
        let importer = importer(&database, true, "suite: t");
        let report = importer.run(&RunRequest::new("crm")).unwrap();
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 1), "{:?}", report.error);
        assert!(!report.to_json().contains(SECRET));
        let sql = "SELECT request_json || metrics_json || counts_json || COALESCE(adapter_cursor, '') AS t FROM import_runs";
        assert!(!database.texts(sql).concat().contains(SECRET), "{}", database.backend);
    }
}

fn plugins(args: &[&str]) -> super::cli::Ended {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let mut command = program(desk.folder.path());
    command.arg("plugins").args(args);
    ended(command)
}

#[test]
fn a_loaded_plugin_is_checked_like_a_linked_one() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let wrong = desk.run("people.csv", &["--set", "delimeter=;"]);
    wrong.fails(2, &["option `delimeter` is not known", "plugin: csv", "did you mean `delimiter`?"]);
}

#[test]
fn a_plugin_describes_itself() {
    let ended = plugins(&["describe", "csv"]);
    let expected = "\
csv 0.1.0

adapter csv: Delimited text files: comma, semicolon, tab or pipe, plain or gzipped
    beside rows: fields, resume
    file: a file; required
        The file to read; gzip is recognised by its content
    delimiter: text, such as `auto`, `comma`, `semicolon`, `tab`, `pipe`; `auto` unless given
        What separates cells, by name or as one punctuation character; `auto` detects it
    encoding: text, such as `auto`, `utf-8`, `utf-16le`, `windows-1252`, `iso-8859-2`, `windows-1251`, `macintosh`, \
`shift_jis`, `gbk`, `big5`; `auto` unless given
        How letters are encoded, as a label of the web; `auto` detects it
    header_row: a whole number from 1 to 4294967295
        The line that holds the column names, counted from 1; without it, the first that is not blank
    quote: `double`, `single`, `none`, `\"` or `'`; `double` unless given
        What encloses cells that hold delimiters; `none` when nothing does
";
    assert_eq!(ended.succeeds().out, expected);
    let by_file = plugins(&["describe", library().to_str().unwrap()]);
    assert_eq!(by_file.succeeds().out, expected);
    let json = plugins(&["describe", "csv", "--json"]).succeeds().json();
    assert_eq!(json["adapters"][0]["capabilities"], serde_json::json!(["fields", "resume"]));
    let schema: serde_json::Value =
        serde_json::from_str(&plugins(&["describe", "csv", "--schema"]).succeeds().out).unwrap();
    assert_eq!(schema["csv"]["properties"]["header_row"]["minimum"], 1);
    assert_eq!(schema["csv"]["required"], serde_json::json!(["file"]));
}

#[test]
fn an_adapter_tells_the_fields_of_a_source_or_that_it_cannot() {
    let fields = plugins(&["fields", "csv", "--option", "file=people.csv"]);
    let first: Vec<&str> = fields.succeeds().out.lines().take(2).collect();
    assert_eq!(first, ["id          text", "first name  text"]);
    let json = plugins(&["fields", library().to_str().unwrap(), "--option", "file=people.csv", "--json"]);
    assert_eq!(json.succeeds().json()[6]["name"], "hobby");
    plugins(&["fields", "csv"]).fails(2, &["option `file` is missing", "plugin: csv"]);
    let health = plugins(&["health", "csv"]);
    health.fails(2, &["cannot tell how a source is: the adapter `csv` cannot do that"]);
}
