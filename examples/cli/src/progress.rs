use importer::Phase;
use importer::{Observer, Progress, ScanPhase, ScanProgress, Waiting};
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on a terminal, none in a pipe.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if let Ok(style) =
            ProgressStyle::with_template("{msg:<10} {wide_bar} {percent:>3} %  {prefix} rows  {elapsed}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Observer for Bar {
    fn progress(&self, progress: Progress) {
        self.0.set_message(if progress.phase == Phase::Extract { "reading" } else { "loading" });
        self.0.set_length(progress.total.max(1));
        self.0.set_position(progress.done);
        self.0.set_prefix(progress.rows.to_string());
    }

    fn waiting(&self, waiting: &Waiting) {
        // Why stands in the log, and in the notes of the run.
        self.0.set_message(format!("waits {} s", waiting.time.as_secs_f32().ceil()));
    }

    fn scanning(&self, progress: ScanProgress) {
        self.0.set_message(match progress.phase {
            ScanPhase::Reading => "reading",
            ScanPhase::Scoring => "scoring",
            ScanPhase::Storing => "storing",
            _ => "working",
        });
        self.0.set_length(progress.total.max(1));
        self.0.set_position(progress.done);
        self.0.set_prefix(progress.done.to_string());
    }
}
