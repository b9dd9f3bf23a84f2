//! What a plugin brings, and what its adapters tell of a source.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use importer::plugin::{AdapterMeta, Description, FeatureMeta, HealthStatus, OptionSpec, Options, RuleMeta};
use importer::plugin_host::{LoadedPlugin, PluginSet};
use importer::{Error, ErrorKind, Importer, Result};
use serde::Serialize;

use crate::shared_args::{AskArgs, PluginPlaces};
use crate::{out, say, setup};

pub(crate) fn describe(plugin: &str, places: &PluginPlaces, json: bool, schema: bool) -> Result<ExitCode> {
    let plugins = PluginSet::new(setup::discovery(places)?);
    let plugin: Arc<LoadedPlugin> = match file(plugin) {
        Some(file) => plugins.load_file(file)?,
        None => plugins.load(plugin)?,
    };
    let description = plugin.description();
    if schema {
        let schemas = description.adapters.iter();
        let schemas: serde_json::Map<String, serde_json::Value> = schemas
            .map(|adapter| (adapter.name.clone(), importer::plugin::options_schema(&adapter.options)))
            .collect();
        out::as_is(serde_json::to_string_pretty(&schemas).unwrap_or_default());
    } else if json {
        out::as_is(serde_json::to_string(description).unwrap_or_default());
    } else {
        tell(description);
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(description: &Description) {
    say!("{} {}", description.id, description.version);
    description.adapters.iter().for_each(adapter);
    description.rules.iter().for_each(|meta| rule("rule", meta));
    description.set_rules.iter().for_each(|meta| rule("set-level rule", meta));
    description.features.iter().for_each(feature);
}

fn adapter(meta: &AdapterMeta) {
    say!("\nadapter {}: {}", meta.name, meta.summary);
    let can: Vec<String> = meta.capabilities.iter().map(word).collect();
    say!("    beside rows: {}", if can.is_empty() { "nothing".into() } else { can.join(", ") });
    options(&meta.options);
}

fn rule(kind: &str, meta: &RuleMeta) {
    say!("\n{kind} {}: {}", meta.code, meta.title);
    say!("    severity {}, looks at {}", meta.severity.as_str(), meta.columns.join(", "));
    options(&meta.options);
}

fn feature(meta: &FeatureMeta) {
    say!("\nfeature {}: {}", meta.name, meta.summary);
    say!("    compares {}; levels: {}", meta.columns.join(", "), meta.levels.join(", "));
    options(&meta.options);
}

fn options(specs: &[OptionSpec]) {
    for spec in specs {
        let kind = if spec.secret { "a secret".into() } else { spec.takes() };
        let required = if spec.required { "; required" } else { "" };
        let default = match &spec.default {
            Some(serde_json::Value::String(text)) => format!("; `{text}` unless given"),
            Some(value) => format!("; `{value}` unless given"),
            None => String::new(),
        };
        say!("    {}: {kind}{required}{default}", spec.name);
        say!("        {}", spec.help);
    }
}

/// The word that stands for a value in JSON.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

pub(crate) fn fields(args: &AskArgs) -> Result<ExitCode> {
    let (importer, adapter, options) = asked(args)?;
    let fields = importer.source_fields(&adapter, &options)?;
    if args.json {
        out::as_is(serde_json::to_string(&fields).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let width = fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0);
    for field in &fields {
        let kind = field.kind.as_deref().unwrap_or("");
        let label = field.label.as_deref().unwrap_or("");
        let required = if field.required { "always there" } else { "" };
        let line = format!("{:width$}  {kind}  {label}  {required}", field.name);
        say!("{}", line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn health(args: &AskArgs) -> Result<ExitCode> {
    let (importer, adapter, options) = asked(args)?;
    let health = importer.source_health(&adapter, &options)?;
    if args.json {
        out::as_is(serde_json::to_string(&health).unwrap_or_default());
    } else {
        say!("{}: {}", word(&health.status), health.message);
        if let Some(at) = &health.credentials_expire_at {
            say!("    the credentials end at {at}");
        }
        if let Some(left) = health.calls_left {
            let limit = health.calls_limit.map_or_else(String::new, |limit| format!(" of {limit}"));
            let reset = health.calls_reset_at.as_ref().map_or_else(String::new, |at| format!(" until {at}"));
            let are = if left == 1 { "is" } else { "are" };
            let calls = if health.calls_limit.unwrap_or(left) == 1 { "call" } else { "calls" };
            say!("    {left}{limit} {calls} {are} left{reset}");
        }
    }
    Ok(if health.status == HealthStatus::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The importer that asks, the adapter it asks, and with which options.
fn asked(args: &AskArgs) -> Result<(Importer, String, Options)> {
    let importer = setup::with_plugins(Importer::builder().without_database(), &args.places)?.build()?;
    importer.load_given_plugins()?;
    let adapter = match (&args.adapter, file(&args.plugin)) {
        (Some(name), None) => name.clone(),
        (None, None) => args.plugin.clone(),
        (name, Some(file)) => {
            let plugin = importer.load_plugin(file)?;
            match (name, plugin.description().adapters.as_slice()) {
                (Some(name), _) => name.clone(),
                (None, [one]) => one.name.clone(),
                (None, several) => {
                    let names: Vec<&str> = several.iter().map(|adapter| adapter.name.as_str()).collect();
                    let message = format!("the plugin has {} adapters", names.len());
                    return Err(Error::new(ErrorKind::Config, "ask the adapter", message)
                        .at("file", file.display())
                        .hint(format!("choose one with --adapter: {}", names.join(", "))));
                }
            }
        }
    };
    let mut options = Options::default();
    for option in &args.options {
        let (key, value) = setup::key_and_value("--option", option)?;
        options.set(key, value);
    }
    Ok((importer, adapter, options))
}

/// What was given is a file when it is there or looks like a path; ids hold no separators.
fn file(given: &str) -> Option<&Path> {
    let path = Path::new(given);
    (path.is_file() || given.contains(std::path::is_separator)).then_some(path)
}
