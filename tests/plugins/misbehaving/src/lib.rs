//! A plugin that does what no plugin should, so that tests see what becomes of its host.
//!
//! Its adapter reads what it does from the file of its option `file`, so that a test can repair it between two runs of the
//! same request. It hands over three batches of two rows and does it after the first; what follows on the word `asked` is
//! done when it is asked for fields, health or deletions; after the word `once` it does it once, and writes `ok` into the file. Its rules are told by their option `does`, its match feature by the
//! city of the record, and with the variable `MISBEHAVING_LOAD` it aborts when it is loaded.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use importer_plugin::{
    Adapter, AdapterCapability, AdapterMeta, Batch, Category, Error, ErrorKind, Extract, Feature,
    FeatureMeta, Findings, Health, HealthStatus, Host, LogLevel, OpenRequest, OptionSpec, Options, Plugin,
    PluginMeta, Rule, RuleMeta, RuleRow, SetFindings, SetRule, Severity, Source, SourceField,
};

const META: PluginMeta = PluginMeta::new("misbehaving", "0.1.0");
const BATCHES: u64 = 3;

/// The plugin.
pub fn plugin() -> Plugin {
    if std::env::var_os("MISBEHAVING_LOAD").is_some() {
        std::process::abort();
    }
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
        AdapterMeta::new("misbehaving", "Does what a file says")
            .option("file", "The file that says it", true)
            .with_option(OptionSpec::secret("token", "What it asks for"))
            .can(AdapterCapability::Fields)
            .can(AdapterCapability::Health)
            .can(AdapterCapability::Deletions)
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        let does = script(request)?;
        if does == "refuse" {
            let _ = host.secret("token");
            return Err(Error::new(ErrorKind::Auth, "the source refuses the token"));
        }
        let next = request.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let script = request.options.required("file")?.to_owned();
        Ok(Box::new(Rows { does, script, next, host: host.clone() }))
    }

    fn fields(&self, request: &OpenRequest, host: &Host) -> Result<Vec<SourceField>, Error> {
        asked(request, host)?;
        Ok(vec![
            SourceField::new("first_name").labelled("First name"),
            SourceField::new("email").of_kind("text"),
        ])
    }

    fn health(&self, request: &OpenRequest, host: &Host) -> Result<Health, Error> {
        asked(request, host)?;
        Ok(Health::new(HealthStatus::Warning, "it misbehaves"))
    }

    fn deletions(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        asked(request, host)?;
        Ok(Box::new(Deletions(false)))
    }
}

fn script(request: &OpenRequest) -> Result<String, Error> {
    let file = request.options.required("file")?;
    let does = std::fs::read_to_string(file).map_err(|error| Error::data(error.to_string()))?;
    Ok(does.trim().into())
}

fn asked(request: &OpenRequest, host: &Host) -> Result<(), Error> {
    if let Some(does) = script(request)?.strip_prefix("asked ") {
        misbehave(does, host);
    }
    Ok(())
}

struct Deletions(bool);

impl Source for Deletions {
    fn columns(&self) -> Vec<String> {
        vec!["external_id".into()]
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        if !std::mem::replace(&mut self.0, true) {
            out.push_row(1, [Some("a-7")])?;
            out.push_row(2, [Some("ü 8")])?;
        }
        Ok(())
    }
}

struct Rows {
    does: String,
    script: String,
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
            let does = match self.does.strip_prefix("once ") {
                Some(does) => {
                    std::fs::write(&self.script, "ok").map_err(|error| Error::data(error.to_string()))?;
                    does
                }
                None => &self.does,
            };
            if does == "be_busy" {
                let busy = Error::new(ErrorKind::RateLimited, "the source asks to slow down");
                return Err(busy.retry_after(Duration::from_secs(90)));
            }
            misbehave(does, &self.host);
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

#[derive(Default)]
struct BadSetRule {
    does: String,
    at_the_end: bool,
    host: Option<Host>,
    rows: u64,
}

impl BadSetRule {
    fn misbehave(&self) {
        if let Some(host) = &self.host {
            misbehave(&self.does, host);
        }
    }
}

impl SetRule for BadSetRule {
    fn meta(&self) -> RuleMeta {
        let options = vec![
            OptionSpec::text("does", "What it does to its host; `report` reports what it saw"),
            OptionSpec::flag("at_the_end", "Does it when all rows were seen"),
        ];
        let meta = RuleMeta::new("SET-990", Category::SetLevel, "Nothing", &["email_normalized"]);
        RuleMeta { options, ..meta }
    }

    fn configure(&mut self, options: &Options, host: &Host) -> Result<(), Error> {
        self.does = options.text("does")?.unwrap_or("ok").into();
        self.at_the_end = options.flag("at_the_end")?.unwrap_or(false);
        self.host = Some(host.clone());
        Ok(())
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        if !self.at_the_end {
            self.misbehave();
        }
        self.rows += rows.rows() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        if self.at_the_end {
            self.misbehave();
        }
        if self.does == "report" && self.rows > 0 {
            findings.report_row(self.rows - 1, "email_normalized", "the last of all rows");
            findings.report("email_normalized", format!("it saw {} rows", self.rows));
            findings.report_as(Severity::Info, "", "nothing else");
        }
        Ok(())
    }
}

struct BadFeature;

impl Feature for BadFeature {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new("misbehaving_city", "The same city", &["city"], &["equal", "differ"])
    }

    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        let (left, right) = (left.get(0)?, right.get(0)?);
        misbehave(&left.to_lowercase(), &Host::detached());
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
        "tell_and_abort" => {
            misbehave("tell", host);
            std::process::abort();
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
