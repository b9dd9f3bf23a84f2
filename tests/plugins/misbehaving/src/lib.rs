//! A plugin that does what no plugin should, so that tests see what becomes of its host.
//!
//! Its adapter reads what it does from the file of its option `file`, so that a test can repair it between two runs of the
//! same request. It hands over three batches of two rows and does it after the first.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use importer_plugin::{
    Adapter, AdapterMeta, Batch, Category, Error, Extract, Feature, FeatureMeta, Findings, Host, LogLevel,
    OpenRequest, OptionSpec, Options, Plugin, PluginMeta, Rule, RuleMeta, RuleRow, SetFindings, SetRule,
    Severity, Source,
};

const META: PluginMeta = PluginMeta::new("misbehaving", "0.1.0");
const BATCHES: u64 = 3;

/// The plugin.
pub fn plugin() -> Plugin {
    Plugin::new(META)
        .adapter(|| Box::new(Misbehaving))
        .rule(|| Box::new(BadRule::default()))
        .set_rule(|| Box::new(BadSetRule::default()))
        .feature(|| Box::new(BadFeature))
}

importer_plugin::export!(plugin: plugin, id: "misbehaving", version: "0.1.0");

struct Misbehaving;

impl Adapter for Misbehaving {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("misbehaving", "Does what a file says").option("file", "The file that says it", true)
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        let file = request.options.required("file")?;
        let does = std::fs::read_to_string(file).map_err(|error| Error::data(error.to_string()))?;
        let next = request.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        Ok(Box::new(Rows { does: does.trim().into(), next, host: host.clone() }))
    }
}

struct Rows {
    does: String,
    next: u64,
    host: Host,
}

impl Source for Rows {
    fn columns(&self) -> Vec<String> {
        vec!["first_name".into(), "email".into()]
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        if self.next >= BATCHES {
            return Ok(());
        }
        if self.next == 1 {
            misbehave(&self.does, &self.host);
        }
        for row in [2 * self.next, 2 * self.next + 1] {
            out.push_row(row + 1, [Some("Ada"), Some(format!("ada{row}@example.org").as_str())])?;
        }
        self.next += 1;
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        Some(self.next.to_string())
    }
}

#[derive(Default)]
struct BadRule {
    does: String,
    host: Option<Host>,
}

impl Rule for BadRule {
    fn meta(&self) -> RuleMeta {
        let does = OptionSpec::text("does", "What it does to its host");
        let meta = RuleMeta::new("FMT-990", Category::Format, "No x", &["email_normalized"]);
        RuleMeta { options: vec![does], ..meta }
    }

    fn configure(&mut self, options: &Options, host: &Host) -> Result<(), Error> {
        self.does = options.text("does")?.unwrap_or("ok").into();
        self.host = Some(host.clone());
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if let Some(host) = &self.host {
            misbehave(&self.does, host);
        }
        if row.get(0) == Some("x") {
            findings.report("email_normalized", "it is x");
        }
    }

    fn check_batch(&self, batch: &Batch, columns: &[usize], findings: &mut Findings) -> Result<(), Error> {
        for row in 0..batch.rows() {
            findings.at(row);
            self.check(&RuleRow::through(batch.row(row), columns), findings);
        }
        Ok(())
    }
}

/// Counts rows, and does what its option says when it has seen the last.
#[derive(Default)]
struct BadSetRule {
    does: String,
    host: Option<Host>,
    rows: usize,
}

impl SetRule for BadSetRule {
    fn meta(&self) -> RuleMeta {
        let does = OptionSpec::text("does", "What it does to its host");
        let meta = RuleMeta::new("SET-990", Category::SetLevel, "Rows are few", &["email_normalized"]);
        RuleMeta { options: vec![does], severity: Severity::Warning, ..meta }
    }

    fn configure(&mut self, options: &Options, host: &Host) -> Result<(), Error> {
        self.does = options.text("does")?.unwrap_or("ok").into();
        self.host = Some(host.clone());
        Ok(())
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        self.rows += rows.rows();
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        if let Some(host) = &self.host {
            misbehave(&self.does, host);
        }
        findings.report("email_normalized", format!("there are {} rows", self.rows));
        Ok(())
    }
}

/// Aborts when both are from a city of that name.
struct BadFeature;

impl Feature for BadFeature {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new("bad_city", "The same city", &["city"], &["equal", "differ"])
    }

    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        let (left, right) = (left.get(0)?, right.get(0)?);
        if left == "Abort" && right == "Abort" {
            std::process::abort();
        }
        Some(usize::from(left != right))
    }
}

/// Whether a descriptor was opened for writing alone, as the system tells (`flags`, octal; the last digit is the mode).
fn is_for_writing(number: u32) -> bool {
    let told = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    told.lines().any(|line| line.starts_with("flags:") && line.ends_with('1'))
}

fn misbehave(does: &str, host: &Host) {
    match does {
        "segfault" => {
            // SAFETY: none; that is the point.
            unsafe { black_box(64 as *mut u64).write_volatile(1) }
        }
        "exit" => std::process::exit(3),
        "abort" => std::process::abort(),
        "overflow_stack" => {
            black_box(deeper(0));
        }
        "allocate_forever" => {
            let mut all = Vec::new();
            loop {
                all.push(black_box(Vec::<u8>::with_capacity(16 << 20)));
            }
        }
        "hang" => loop {
            std::thread::sleep(Duration::from_millis(10));
        },
        "work_slowly" => {
            for step in 0..12 {
                std::thread::sleep(Duration::from_millis(250));
                host.progress(step, 12);
            }
        }
        "panic" => panic!("boom"),
        "garbage_on_stdout" => {
            let garbage = [0xff; 4096];
            let _ = std::io::stdout().write_all(&garbage);
            let _ = std::io::stdout().flush();
        }
        "garbage_in_frames" => {
            // Whatever is open for writing, the private pipe among it. Its own input is not: a worker whose requests are
            // garbage ends itself, which is another fault.
            for number in 3..16 {
                if is_for_writing(number)
                    && let Ok(mut file) =
                        std::fs::OpenOptions::new().write(true).open(format!("/proc/self/fd/{number}"))
                {
                    let _ = file.write_all(&[0xff; 64]);
                }
            }
        }
        "tell" => {
            host.log(LogLevel::Warn, "a line for the log");
            host.progress(1, 3);
            let secret = host.secret("token").unwrap_or_default();
            host.log(LogLevel::Info, &format!("the secret has {} characters", secret.len()));
        }
        _ => {}
    }
}

fn deeper(depth: u64) -> u64 {
    if depth == u64::MAX {
        return 0;
    }
    let ballast = black_box([depth; 512]);
    deeper(depth + 1) + ballast[7]
}
