//! Every crate packages, and a host outside the workspace is checked by the compiler against the packages alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::support;

/// Members that nobody else needs.
const NOT_PACKAGED: [&str; 3] = ["importer-bad-plugin", "importer-plugin-misbehaving", "xtask"];

const HOST: &str = r#"
use importer::{Importer, ReportStatus, RunRequest};

fn main() -> Result<(), importer::Error> {
    let importer =
        Importer::builder().database("sqlite://people.db").plugin(importer_adapter_csv::plugin()).build()?;
    let report = importer.run(&RunRequest::new("csv").file("people.csv"))?;
    assert_eq!(report.status, ReportStatus::Succeeded);
    println!("{} rows, {} people", report.counts.read, importer.count("volunteer")?);
    Ok(())
}
"#;

/// Runs a command, and gives what it printed.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).env_remove("CARGO_TARGET_DIR");
    command
}

/// The packages of all members, unpacked.
fn packages(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut command = cargo(support::root());
    command
        .args(["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet", "--target-dir"])
        .arg(folder);
    for name in NOT_PACKAGED {
        command.args(["--exclude", name]);
    }
    done(&mut command);
    let files = std::fs::read_dir(folder.join("package")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|e| e == "crate")).collect();
    files
        .iter()
        .map(|file| {
            done(Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(folder));
            let package = file.file_stem().unwrap().to_str().unwrap();
            let (name, _) = package.rsplit_once('-').unwrap();
            (name.to_owned(), folder.join(package))
        })
        .collect()
}

#[test]
fn every_crate_packages_and_a_host_outside_the_workspace_compiles_against_the_packages() {
    let folder = tempfile::tempdir().unwrap();
    let packages = packages(&folder.path().join("packages"));
    assert_eq!(packages.len(), 12, "{packages:?}");
    for (name, package) in &packages {
        let manifest = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
        for needed in
            ["description = ", "license = ", "readme = ", "keywords = ", "[package.metadata.docs.rs]"]
        {
            assert!(manifest.contains(needed), "{name}: there is no `{needed}`");
        }
        assert!(package.join("README.md").is_file(), "{name}");
    }

    let host = folder.path().join("host");
    std::fs::create_dir_all(host.join("src")).unwrap();
    std::fs::write(host.join("src/main.rs"), HOST).unwrap();
    let mut manifest = String::from(
        "[package]\nname = \"host\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         importer = { version = \"0.1\", default-features = false, features = [\"sqlite\"] }\n\
         importer-adapter-csv = { version = \"0.1\", default-features = false }\n\
         [profile.dev]\ndebug = false\n[patch.crates-io]\n",
    );
    for (name, package) in &packages {
        let path = serde_json::Value::from(package.to_str().unwrap());
        manifest.push_str(&format!("{name} = {{ path = {path} }}\n"));
    }
    std::fs::write(host.join("Cargo.toml"), manifest).unwrap();
    // The versions that everything else here is tested with.
    std::fs::copy(support::root().join("Cargo.lock"), host.join("Cargo.lock")).unwrap();
    // Not built to the end: that would take as long as all of the workspace.
    done(cargo(&host).args(["check", "--quiet"]));
}
