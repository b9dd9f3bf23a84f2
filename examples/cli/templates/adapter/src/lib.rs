//! A source of the importer: text files with `first name, last name, email` in each line.

use std::fs::File;
use std::io::{BufRead, BufReader};

use importer_plugin::{
    Adapter, AdapterMeta, Error, Extract, Host, OpenRequest, OptionSpec, Plugin, PluginMeta,
    Severity, Source, check_options,
};

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("my-adapter", env!("CARGO_PKG_VERSION")))
        .adapter(|| Box::new(MyAdapter))
}

#[cfg(feature = "loadable")]
importer_plugin::export!(plugin: crate::plugin, id: "my-adapter", version: env!("CARGO_PKG_VERSION"));

struct MyAdapter;

impl Adapter for MyAdapter {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new(
            "my-adapter",
            "Text files with a name and an address in each line",
        )
        .with_option(OptionSpec::file("file", "The file to read").required())
    }

    /// An error here keeps the run from starting: say what happened and what to do about it.
    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        check_options(&self.meta().options, &request.options)?;
        let path = request.options.required("file")?;
        let file = File::open(path).map_err(|e| {
            Error::data(format!("`{path}` cannot be opened: {e}; check the path")).in_field("file")
        })?;
        Ok(Box::new(Lines {
            input: BufReader::new(file),
            line: 0,
            host: host.clone(),
        }))
    }
}

/// An open file. What a run needs to remember lives here.
struct Lines {
    input: BufReader<File>,
    line: u64,
    host: Host,
}

/// The names the importer knows need no mapping.
const COLUMNS: [&str; 3] = ["first_name", "last_name", "email"];

impl Source for Lines {
    fn columns(&self) -> Vec<String> {
        COLUMNS.map(str::to_owned).to_vec()
    }

    /// Hands over rows until the batch is full; a call that adds none is the end of the source.
    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        while !out.is_full() {
            if self.host.cancelled() {
                return Err(Error::cancelled());
            }
            let mut text = String::new();
            let read = self.input.read_line(&mut text);
            if read.map_err(|e| Error::data(format!("the file cannot be read further: {e}")))? == 0
            {
                break;
            }
            self.line += 1;
            let mut cells = text.split(',').map(str::trim);
            out.push_row(
                self.line,
                COLUMNS.map(|_| cells.next().filter(|cell| !cell.is_empty())),
            )?;
            // An odd row is handed over with a finding: no row fails a run.
            if cells.next().is_some() {
                out.report(
                    "SRC-201",
                    Severity::Error,
                    "the line has more than three cells",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use importer_plugin::Options;

    #[test]
    fn lines_become_rows() {
        let file = std::env::temp_dir().join(format!("my-adapter-{}.txt", std::process::id()));
        std::fs::write(
            &file,
            "Ada, Lovelace, ada@example.org\nGrace,,grace@example.org,extra\n",
        )
        .unwrap();
        let options = Options::default().with("file", file.to_str().unwrap());
        let request = OpenRequest {
            options,
            ..OpenRequest::default()
        };
        let mut source = MyAdapter.open(&request, &Host::detached()).unwrap();
        let mut out = Extract::new(source.columns().len());
        source.next(&mut out).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(
            (
                out.batch().rows(),
                out.batch().get(0, 1),
                out.batch().get(1, 1)
            ),
            (2, Some("Lovelace"), None)
        );
        assert_eq!(
            (out.findings()[0].row, out.findings()[0].code.as_str()),
            (1, "SRC-201")
        );
    }
}
