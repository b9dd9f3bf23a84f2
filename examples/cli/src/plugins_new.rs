//! `plugins new`: starts a plugin from a template.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use importer::{Error, ErrorKind, Result};

use crate::say;
use crate::shared_args::{PluginKind, PluginsNewArgs};

const NEW: &str = "start a plugin";

/// The files of a kind, by their paths.
type Template = [(&'static str, &'static str); 3];

macro_rules! template {
    ($kind:literal) => {
        [
            ("Cargo.toml", include_str!(concat!("../templates/", $kind, "/manifest.toml"))),
            ("README.md", include_str!(concat!("../templates/", $kind, "/README.md"))),
            ("src/lib.rs", include_str!(concat!("../templates/", $kind, "/src/lib.rs"))),
        ]
    };
}

const ADAPTER: Template = template!("adapter");
const RULE: Template = template!("rule");
const FEATURE: Template = template!("feature");

/// How the templates of this repository depend on the SDK.
const IN_THE_REPOSITORY: &str = "importer-plugin = { path = \"../../../../importer-core/plugin\" }";

pub(crate) fn new(args: &PluginsNewArgs) -> Result<ExitCode> {
    check_name(&args.name)?;
    let (placeholder, template) = match args.kind {
        PluginKind::Adapter => ("my-adapter", ADAPTER),
        PluginKind::Rule => ("my-rule", RULE),
        PluginKind::Feature => ("my-feature", FEATURE),
    };
    let dependency = dependency(args.sdk.as_deref())?;
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let failed = |why: &str, e: &std::io::Error| {
        Error::new(ErrorKind::Config, NEW, format!("{why}: {e}")).at("folder", folder.display())
    };
    // Made, not looked at and then made: nothing that is there is ever written over.
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(|e| failed("the folder above cannot be made", &e))?;
    }
    std::fs::create_dir(&folder).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::new(ErrorKind::Config, NEW, "the folder exists already; nothing was changed")
                .at("folder", folder.display())
                .hint("give another name, or another folder with --path")
        }
        _ => failed("the folder cannot be made", &e),
    })?;
    for (name, text) in template {
        let text = text
            .replace(IN_THE_REPOSITORY, &dependency)
            .replace(placeholder, &args.name)
            .replace(&placeholder.replace('-', "_"), &args.name.replace('-', "_"));
        let file = folder.join(name);
        file.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|e| failed(&format!("`{name}` cannot be written"), &e))?;
    }
    next_steps(args, &folder);
    Ok(ExitCode::SUCCESS)
}

/// The name becomes an id, a package and a library, so it must be good for all three.
fn check_name(name: &str) -> Result<()> {
    let refused = |why: String| {
        Err(Error::new(ErrorKind::Config, NEW, why)
            .at("name", name)
            .hint("take lower-case letters, digits and hyphens, such as guest-list"))
    };
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(known) {
        return refused(
            "the name is not made of lower-case letters, digits and hyphens, a letter first".into(),
        );
    }
    if name.ends_with('-') || name.contains("--") {
        return refused("a hyphen stands between two words".into());
    }
    if name.len() > 64 {
        return refused("the name is longer than 64 letters".into());
    }
    // Words of Rust that cargo takes for no package, its own libraries, and the crate that every plugin depends on.
    let taken = "abstract alloc as async await become box break const continue core crate do dyn else enum extern \
                 false final fn for gen if impl import importer-plugin in let loop macro match mod move mut override priv \
                 proc-macro pub ref return self static std struct super test trait true try type typeof unsafe unsized \
                 use virtual where while yield";
    if taken.split_whitespace().any(|word| word == name) {
        return refused("the name means something else to Rust or cargo".into());
    }
    Ok(())
}

/// The lines of Cargo.toml that bring the SDK.
fn dependency(sdk: Option<&Path>) -> Result<String> {
    let Some(sdk) = sdk else {
        let version = env!("CARGO_PKG_VERSION");
        return Ok(format!(
            "# Not published yet: until it is, take a copy of the importer's repository and write\n\
             # importer-plugin = {{ path = \"../importer/importer-core/plugin\" }}\n\
             importer-plugin = \"{version}\""
        ));
    };
    let refused = |why: &str| {
        Error::new(ErrorKind::Config, NEW, why).at("sdk", sdk.display()).hint(
            "give the folder of the crate importer-plugin: importer-core/plugin in the importer's repository",
        )
    };
    let manifest = std::fs::read_to_string(sdk.join("Cargo.toml"))
        .map_err(|_| refused("there is no Cargo.toml in the folder of the SDK"))?;
    if !manifest.contains("name = \"importer-plugin\"") {
        return Err(refused("the folder is that of another crate"));
    }
    let whole = std::path::absolute(sdk).map_err(|_| refused("its path cannot be made absolute"))?;
    // A text of JSON is one of TOML, with quotes and backslashes escaped.
    let path = serde_json::Value::from(whole.to_string_lossy());
    Ok(format!("importer-plugin = {{ path = {path} }}"))
}

fn next_steps(args: &PluginsNewArgs, folder: &Path) {
    let library = format!(
        "{}{}{}",
        std::env::consts::DLL_PREFIX,
        args.name.replace('-', "_"),
        std::env::consts::DLL_SUFFIX
    );
    let file = format!("target/debug/{library}");
    say!("The plugin {} is in {}. Next:", args.name, folder.display());
    say!("  cd {}", folder.display());
    if args.sdk.is_none() {
        say!(
            "  # importer-plugin is not published yet: see its line in Cargo.toml, or start again with --sdk"
        );
    }
    say!("  cargo build");
    say!("  cargo test");
    match args.kind {
        PluginKind::Adapter => {
            say!("  importer run --source {} --file FILE --plugin {file} --allow-unverified", args.name);
        }
        PluginKind::Rule => {
            say!("  importer run --source csv --file FILE --plugin {file} --allow-unverified");
        }
        PluginKind::Feature => say!("  importer plugins verify {file} --allow-unverified"),
    }
}
