//! What the plugin boundary costs: records of 25 fields from an adapter through the host to a rule, and its findings back,
//! with the plugins loaded from their files and with the same plugins linked into this program.
//!
//! Linked plugins are called as an importer calls those its builder was given: through the traits, with nothing between. Loaded
//! ones are behind the same traits, and behind them are the C functions, the copies and the checks that are measured here. Both
//! are optimised alike: cargo builds the csv plugin's file along with this program, and this program has the rule's built.
//!
//! ```text
//! cargo bench --bench boundary                   # 1,000,000 records
//! cargo bench --bench boundary -- 100000         # fewer of them
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails aloud")]

mod allocations;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use allocations::ALLOCATIONS;
use cpu_time::ProcessTime;
use importer::plugin_host::{LoadedPlugin, TrustPolicy, load_file};
use importer_plugin::{Adapter, Extract, Findings, Host, OpenRequest, Options, Rule};

const FIELDS: usize = 25;
/// The field the rule looks at.
const EMAIL: usize = 3;
/// One record in so many has a finding.
const ODD: u64 = 1_000;
/// The ways take turns, so that a slow hour hits all.
const TURNS: usize = 9;

fn main() {
    // A run of all tests builds this too, and must not wait for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let records = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let file = wide_file(folder.path(), records);
    let (csv, first) = (load(&csv_library()), load(&rule_library()));
    let linked_rule = || first_plugin::plugin().find_rule("FIRST-101").unwrap();
    let linked_adapter = importer_adapter_csv::plugin().find_adapter("csv").unwrap();
    let loaded_adapter = csv.adapter("csv").unwrap();
    let loaded_rule = first.rule("FIRST-101").unwrap();
    let ways: [(&str, &dyn Adapter, &dyn Rule); 2] =
        [("linked", &*linked_adapter, &*linked_rule()), ("loaded", &*loaded_adapter, &*loaded_rule)];
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        for ((_, adapter, rule), costs) in ways.iter().zip(&mut costs) {
            let cost = pass(*adapter, *rule, &file);
            assert_eq!((cost.records, cost.findings), (records, records.div_ceil(ODD)));
            costs.push(cost);
        }
    }
    println!(
        "{records} records of {FIELDS} fields in {} bytes of CSV: the adapter `csv` hands them to the host, the host to the \
         rule `FIRST-101` of `first-plugin`, which looks at one field and has a finding about one record in {ODD}.",
        file.metadata().unwrap().len()
    );
    println!("CPU time per record in nanoseconds, the least of {TURNS}; allocations of the host per record");
    let least = costs.map(|costs| Least::of(&costs, records));
    for ((name, ..), least) in ways.iter().zip(&least) {
        println!(
            "  {name}   all {:7.1}   adapter to host {:7.1}   host to rule and back {:6.1}   allocations {:.4}",
            least.all, least.adapter, least.rule, least.allocations
        );
    }
    let [linked, loaded] = least;
    println!("  loaded costs {:.3} times what linked costs (aim: at most 1.05)", loaded.all / linked.all);
}

/// What one pass over the file took.
struct Cost {
    adapter: Duration,
    rule: Duration,
    allocations: u64,
    records: u64,
    findings: u64,
}

struct Least {
    all: f64,
    adapter: f64,
    rule: f64,
    allocations: f64,
}

impl Least {
    fn of(costs: &[Cost], records: u64) -> Self {
        let least = |what: &dyn Fn(&Cost) -> f64| {
            costs.iter().map(what).fold(f64::INFINITY, f64::min) / records as f64
        };
        let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9;
        Self {
            all: least(&|cost| nanoseconds(cost.adapter + cost.rule)),
            adapter: least(&|cost| nanoseconds(cost.adapter)),
            rule: least(&|cost| nanoseconds(cost.rule)),
            allocations: least(&|cost| cost.allocations as f64),
        }
    }
}

fn pass(adapter: &dyn Adapter, rule: &dyn Rule, file: &Path) -> Cost {
    let options = Options::default().with("file", file.display().to_string());
    let request = OpenRequest { options, ..OpenRequest::default() };
    let (mut findings, meta) = (Findings::new(), rule.meta());
    findings.of(&meta.code, meta.severity);
    let mut source = adapter.open(&request, &Host::detached()).unwrap();
    let width = source.columns().len();
    assert!(width >= FIELDS);
    let mut rows = Extract::new(width);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut cost =
        Cost { adapter: Duration::ZERO, rule: Duration::ZERO, allocations: 0, records: 0, findings: 0 };
    loop {
        let start = ProcessTime::now();
        rows.reset(width);
        source.next(&mut rows).unwrap();
        cost.adapter += start.elapsed();
        if rows.batch().is_empty() {
            break;
        }
        let start = ProcessTime::now();
        rule.check_batch(rows.batch(), &[EMAIL], &mut findings).unwrap();
        let found = findings.take();
        cost.rule += start.elapsed();
        cost.records += rows.batch().rows() as u64;
        cost.findings += found.len() as u64;
    }
    cost.allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    cost
}

fn wide_file(folder: &Path, records: u64) -> PathBuf {
    let path = folder.join("wide.csv");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    let header: Vec<String> = (0..FIELDS).map(|field| format!("field_{field}")).collect();
    writeln!(out, "{}", header.join(",")).unwrap();
    for number in 0..records {
        let at = if number % ODD == 0 { " at " } else { "@" };
        write!(out, "V{number:08},Ada{number},Adeyemi,person{number}{at}example.org").unwrap();
        for field in EMAIL + 1..FIELDS {
            match field % 5 {
                0 => write!(out, ",").unwrap(),
                1 => write!(out, ",Kansas City").unwrap(),
                2 => write!(out, ",\"note {number}, kept\"").unwrap(),
                3 => write!(out, ",2024-01-{:02}", 1 + number % 28).unwrap(),
                _ => write!(out, ",{}", number * 7 % 1_000).unwrap(),
            }
        }
        writeln!(out).unwrap();
    }
    path
}

fn load(file: &Path) -> std::sync::Arc<LoadedPlugin> {
    load_file(file, &TrustPolicy::allow_everything()).unwrap()
}

/// The csv plugin's file, which cargo builds beside this program.
fn csv_library() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name(library("importer_adapter_csv"))
}

/// `first-plugin`, built now from the sources that are linked here too. Its own profile is one for size; this is the one of
/// this program.
fn rule_library() -> PathBuf {
    let target = std::env::current_exe().unwrap().with_file_name("boundary");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/first-plugin/Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--release", "--manifest-path"]).arg(manifest);
    cargo.arg("--target-dir").arg(&target);
    for setting in ["opt-level=3", "lto=false", "codegen-units=16", "strip=false"] {
        cargo.arg("--config").arg(format!("profile.release.{setting}"));
    }
    assert!(cargo.status().unwrap().success(), "the rule's library was not built");
    target.join("release").join(library("first_plugin"))
}

fn library(name: &str) -> String {
    format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}
