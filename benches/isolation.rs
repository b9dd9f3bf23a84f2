//! What a process of its own costs: the same import with the csv plugin loaded from its file into this process, and into
//! a worker.
//!
//! ```text
//! cargo bench --bench isolation                  # 100,000 made-up volunteers
//! cargo bench --bench isolation -- 1000000       # more of them
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails aloud")]

use std::process::ExitCode;

#[cfg(unix)]
#[path = "made_up/mod.rs"]
mod made_up;

fn main() -> ExitCode {
    // This program is its own worker.
    if let Some(code) = importer::plugin_host::run_worker_if_asked() {
        return code;
    }
    // A run of all tests builds this too, and must not wait for it.
    if std::env::args().any(|argument| argument == "--bench") {
        #[cfg(unix)]
        measure::all();
        #[cfg(not(unix))]
        println!("the CPU time of workers is measured on Unix only");
    }
    ExitCode::SUCCESS
}

#[cfg(unix)]
mod measure {
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use importer::plugin_host::{Discovery, Isolation, TrustPolicy, WorkerCommand};
    use importer::{Importer, RunRequest};

    /// How often each way is measured. They take turns, so that a slow hour hits both.
    const TURNS: usize = 2;

    /// What an import took.
    #[derive(Clone, Copy, Default)]
    struct Cost {
        cpu: Duration,
        /// The part of it that the worker took.
        worker: Duration,
        wall: Duration,
        rows: u64,
    }

    pub(super) fn all() {
        let rows = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100_000);
        let folder = tempfile::tempdir().unwrap();
        let file = super::made_up::file(folder.path(), rows, super::made_up::Spread::Census);
        let isolated = Isolation::process(WorkerCommand::this_program().unwrap()).isolate_all();
        let (mut here, mut apart) = (Cost::default(), Cost::default());
        println!("{rows} rows a run; microseconds per row");
        for turn in 0..TURNS {
            let url =
                |way: &str| format!("sqlite://{}", folder.path().join(format!("{way}-{turn}.db")).display());
            for (way, isolation, sum) in
                [("in-process", Isolation::default(), &mut here), ("process", isolated.clone(), &mut apart)]
            {
                let cost = import(&url(way), &file, isolation, way);
                println!("  {way:10}  {}", cost.line());
                sum.add(cost);
            }
        }
        println!("together");
        println!("  in-process  {}", here.line());
        println!("  process     {}", apart.line());
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        println!(
            "a process of its own costs {:.3} times the CPU time and {:.3} times the wall time (aim: at most 1.05)",
            ratio(apart.cpu, here.cpu),
            ratio(apart.wall, here.wall)
        );
    }

    impl Cost {
        fn add(&mut self, other: Self) {
            self.cpu += other.cpu;
            self.worker += other.worker;
            self.wall += other.wall;
            self.rows += other.rows;
        }

        fn line(&self) -> String {
            let per_row = |time: Duration| time.as_secs_f64() * 1e6 / self.rows as f64;
            let (cpu, worker, wall) = (per_row(self.cpu), per_row(self.worker), per_row(self.wall));
            format!("CPU {cpu:7.2} (of that the worker {worker:5.2})    wall {wall:7.2}")
        }
    }

    /// Loading the plugin, starting the worker and waiting for its end are part of it.
    fn import(database: &str, file: &Path, isolation: Isolation, way: &str) -> Cost {
        let (start, own, children) = (Instant::now(), cpu(libc::RUSAGE_SELF), cpu(libc::RUSAGE_CHILDREN));
        let discovery = Discovery::new(TrustPolicy::allow_everything()).isolation(isolation).file(plugin());
        let importer = Importer::builder().database(database).discovery(discovery).build().unwrap();
        let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
        assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
        let used = importer.plugins().into_iter().find(|plugin| plugin.id == "csv").unwrap();
        assert_eq!(used.isolation, way);
        // The system counts a child when it has ended and was waited for.
        drop(importer);
        let worker = cpu(libc::RUSAGE_CHILDREN) - children;
        let cpu = cpu(libc::RUSAGE_SELF) - own + worker;
        assert_eq!(worker.is_zero(), way == "in-process", "the worker's time is in the sum");
        Cost { cpu, worker, wall: start.elapsed(), rows: report.counts.read }
    }

    /// CPU time so far, of this process or of its children that have ended.
    #[allow(unsafe_code, reason = "nothing else tells the CPU time of children")]
    fn cpu(whose: libc::c_int) -> Duration {
        // SAFETY: all zeros is a valid `rusage`, and `getrusage` writes nothing but that.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            assert_eq!(libc::getrusage(whose, &raw mut usage), 0);
            usage
        };
        let time = |t: libc::timeval| {
            Duration::from_secs(u64::try_from(t.tv_sec).unwrap())
                + Duration::from_micros(u64::try_from(t.tv_usec).unwrap())
        };
        time(usage.ru_utime) + time(usage.ru_stime)
    }

    /// The csv plugin's file, which cargo builds beside this program.
    fn plugin() -> PathBuf {
        let name =
            format!("{}importer_adapter_csv{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let file = std::env::current_exe().unwrap().with_file_name(name);
        assert!(file.is_file(), "there is no {}", file.display());
        file
    }
}
